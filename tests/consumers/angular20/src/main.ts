import { Component } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import * as kmseal from 'kmseal';
import { everyOperation } from './operations.mjs';

/** What the test calls in the page, once the application is there. */
async function tryAll(pair: unknown) {
  await kmseal.load('/app/kmseal.wasm');
  return everyOperation(kmseal, pair, () => import('kmseal/define'));
}

@Component({ selector: 'app-root', template: '<p>{{ promises }}</p>' })
class App {
  readonly promises = String(Promise);

  constructor() {
    Object.assign(globalThis, { tryAll });
  }
}

bootstrapApplication(App);
