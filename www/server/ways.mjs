/** The ways to upload, and what they are called in the pages. */
export const WAYS = {
  'by-hand': 'By hand',
  form: 'A form',
  uppy: 'Uppy',
  s3: 'S3 in parts',
  tus: 'tus',
};

/** Those with NAME.html and NAME.js in www/ways/, and what is said about them. */
export const WAY_PAGES = [];
