import jQuery from 'jquery';
import 'jquery-validation';
import 'kmseal/define';

globalThis.jQuery = jQuery;
