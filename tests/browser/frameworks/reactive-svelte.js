import { mount } from 'svelte';
import 'kmseal/define';
import Reactive from './Reactive.svelte';

mount(Reactive, { target: document.querySelector('#app') });
