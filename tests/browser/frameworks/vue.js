import { createApp, h, nextTick, reactive } from 'vue';
import 'kmseal/define';
import Form from './Form.vue';

const state = reactive({ props: null });
createApp({ render: () => state.props && h(Form, state.props) }).mount('#app');
globalThis.render = (props) => {
  state.props = props;
  return nextTick();
};
