import { Component } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { sealAndSend } from './app/seal.js';

@Component({ selector: 'app-root', template: '<p>sealing</p>' })
class App {
  constructor() {
    sealAndSend('page');
  }
}

bootstrapApplication(App);
