import 'kmseal/define';
import { createSSRApp } from 'vue';
import Hydrated from './Hydrated.vue';

const app = document.querySelector('#app');
createSSRApp(Hydrated, JSON.parse(app.dataset.props)).mount(app);
