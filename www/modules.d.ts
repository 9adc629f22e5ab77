// What the demo's server puts beside its modules, for `npm test -- lint`: the package, style sheets, and a number of its own (server/samples.mjs).
declare module '*/kmseal/index.js' {
  export * from 'kmseal';
}
declare module '*.css';
declare const MAX_FILE_SIZE: number;
