import { mount } from 'svelte';
import 'kmseal/define';
import App from './App.svelte';

mount(App, { target: document.querySelector('#app') });
