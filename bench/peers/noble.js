export { gcm } from '@noble/ciphers/aes.js';
