import '@webcomponents/scoped-custom-element-registry';
import 'kmseal/define';
