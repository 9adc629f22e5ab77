import '@hotwired/turbo';
import 'kmseal/define';

export { KmsPublicKey, Sealer } from 'kmseal';
