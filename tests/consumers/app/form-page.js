import { sealInForm } from './form.js';

sealInForm();
