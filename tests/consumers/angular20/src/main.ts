import { CUSTOM_ELEMENTS_SCHEMA, Component } from '@angular/core';
import { FormControl, FormGroup, ReactiveFormsModule, Validators } from '@angular/forms';
import { bootstrapApplication } from '@angular/platform-browser';
import * as kmseal from 'kmseal';
import 'kmseal/define';
// Written by the test from docs/form.md.
import { KmsealFileAccessor } from './accessor';
import { everyOperation } from './operations.mjs';

/** What the test calls in the page, once the application is there. */
const tryAll = (pair: unknown) =>
  everyOperation(kmseal, pair, { isLarge: true, define: () => import('kmseal/define') });

@Component({
  selector: 'app-root',
  imports: [ReactiveFormsModule, KmsealFileAccessor],
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `<p>{{ promises }}</p>
    <form [formGroup]="papers">
      <kmseal-file formControlName="doc" key-src="/kms-public-key.json" encryption-context='{"user":"4711"}'></kmseal-file><input>
    </form>`,
})
class App {
  readonly promises = String(Promise);
  readonly papers = new FormGroup({ doc: new FormControl<readonly File[] | null>(null, Validators.required) });

  constructor() {
    Object.assign(globalThis, { tryAll, papers: this.papers });
  }
}

bootstrapApplication(App);
