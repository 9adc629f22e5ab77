import Alpine from 'alpinejs';
import 'kmseal/define';

globalThis.Alpine = Alpine;
Alpine.start();
