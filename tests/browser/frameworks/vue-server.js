import 'kmseal/define';
import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';
import Hydrated from './Hydrated.vue';

export const render = (props) => renderToString(createSSRApp(Hydrated, props));
