import { createApp } from 'vue';
import Attribute from './Attribute.vue';

createApp(Attribute).mount('#app');
