import { createApp } from 'vue';
import Reactive from './Reactive.vue';

createApp(Reactive).mount('#app');
