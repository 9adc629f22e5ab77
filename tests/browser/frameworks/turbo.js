import '@hotwired/turbo';
import 'kmseal/define';
