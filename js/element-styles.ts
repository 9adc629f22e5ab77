// Colours are the page's and the system's, so that dark pages and forced colours need no rules of their own; what a state means
// stands in words beside it.
const CSS_TEXT = `
:host { display: inline-block; max-inline-size: 100%; }
:host([hidden]) { display: none; }
[hidden] { display: none !important; }
[part~=zone] { border: 1px dashed; border-radius: .25em; padding: .5em; }
[part~=dragging] { outline: 3px solid Highlight; outline-offset: 1px; }
[part~=input] { font: inherit; max-inline-size: 100%; }
[part~=list] { list-style: none; margin: .5em 0 0; padding: 0; }
[part~=item] { display: flex; flex-wrap: wrap; align-items: center; gap: .25em .75em; padding-block: .25em; }
[part~=name] { flex: 1 1 8em; overflow-wrap: anywhere; }
[part~=progress] { flex: 0 1 8em; min-inline-size: 4em; }
[part~=button] { font: inherit; }
[part~=error] { font-weight: bold; }
[part~=status] { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) { [part~=zone] { transition: outline-color .15s; } }
`;

/** A constructed sheet belongs to the document that it was made in. */
const sheets = new WeakMap<Document, CSSStyleSheet>();

/** Styles a shadow root by a constructed sheet, which no Content-Security-Policy holds back. */
export function applyStyles(root: ShadowRoot): void {
  const document = root.ownerDocument;
  const { defaultView } = document;
  if (!defaultView) return;
  let sheet = sheets.get(document);
  if (!sheet) {
    sheet = new defaultView.CSSStyleSheet();
    sheet.replaceSync(CSS_TEXT);
    sheets.set(document, sheet);
  }
  root.adoptedStyleSheets = [sheet];
}
