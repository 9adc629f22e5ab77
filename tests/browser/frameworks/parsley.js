import jQuery from 'jquery';
import 'parsleyjs';
import 'kmseal/define';

globalThis.jQuery = jQuery;
