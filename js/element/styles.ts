/**
 * The page's own text colour, mixed with colours of middle lightness, is legible on its light and on its dark background, whether or not it
 * sets `color-scheme`. Forced colours need few rules, since every state has its own sign and is also described in words.
 */
const CSS_TEXT = `
:host { display: block; box-sizing: border-box; min-inline-size: 0; max-inline-size: 100%; min-block-size: 6em; line-height: 1.4; text-align: start; vertical-align: top; }
[part~=zone] {
  --accent: var(--kmseal-accent, #3b7dd8); --danger: var(--kmseal-danger, #d64545); --success: #2e9160;
  --border: var(--kmseal-border, GrayText); --radius: var(--kmseal-radius, .5em); --gap: var(--kmseal-gap, .75em);
  --quiet: currentColor; --accent-text: var(--accent); --danger-text: var(--danger); --success-text: var(--success);
  --line: var(--border); --tint: transparent; --accent-tint: transparent; --danger-tint: transparent; --target: 2.125em;
}
@supports (color: color-mix(in srgb, red, blue)) {
  [part~=zone] {
    --border: var(--kmseal-border, color-mix(in srgb, currentColor 45%, transparent));
    --quiet: color-mix(in srgb, currentColor 75%, transparent);
    --accent-text: var(--kmseal-accent, color-mix(in srgb, var(--accent) 60%, currentColor));
    --danger-text: var(--kmseal-danger, color-mix(in srgb, var(--danger) 60%, currentColor));
    --success-text: color-mix(in srgb, var(--success) 60%, currentColor);
    --line: var(--kmseal-border, color-mix(in srgb, currentColor 20%, transparent));
    --tint: color-mix(in srgb, currentColor 6%, transparent);
    --accent-tint: color-mix(in srgb, var(--accent) 10%, transparent);
    --danger-tint: color-mix(in srgb, var(--danger) 10%, transparent);
  }
}
:host([hidden]) { display: none; }
[hidden] { display: none !important; }
[part~=zone] {
  position: relative; display: grid; grid-template-columns: minmax(0, 1fr); align-content: center;
  box-sizing: border-box; min-block-size: inherit; padding: var(--gap); border: 1px dashed var(--border); border-radius: var(--radius); overflow-wrap: anywhere;
}
[part~=invalid] { border-color: var(--danger); }
[part~=dragging] { background: var(--accent-tint); outline: 3px solid var(--accent); outline-offset: 1px; }
[part~=disabled] { color: GrayText; }
[part~=input] { font: inherit; color: inherit; box-sizing: border-box; inline-size: 100%; min-inline-size: 0; min-block-size: var(--target); }
[part~=input]::file-selector-button, [part~=button] {
  font: inherit; color: inherit; overflow-wrap: anywhere; box-sizing: border-box; max-inline-size: 100%; min-block-size: var(--target); margin: 0; padding: .25em .75em; cursor: pointer;
  border: 1px solid var(--border); border-radius: calc(var(--radius) * .75); background: var(--tint);
}
[part~=input]::file-selector-button { margin-inline-end: .75em; }
[part~=input]:enabled:hover::file-selector-button, [part~=button]:enabled:hover { border-color: var(--accent); }
:is([part~=input], [part~=button]):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: calc(var(--radius) * .75); }
[part~=input]:disabled { color: GrayText; cursor: not-allowed; }
[part~=button]:disabled, [part~=input]:disabled::file-selector-button { color: GrayText; border-style: dotted; background: none; cursor: not-allowed; }
[part~=hint] { margin-block-start: calc(var(--gap) / 2); color: var(--quiet); font-size: .875em; }
[part~=list] { list-style: none; margin: var(--gap) 0 0; padding: 0; }
[part~=item] + [part~=item] { margin-block-start: calc(var(--gap) / 2); }
/* Thousands of rows would be laid out again with each change; a grid of them even without one. */
[part~=item]:nth-child(n + 50) { content-visibility: auto; contain-intrinsic-block-size: auto 4em; }
[part~=item] {
  position: relative; display: grid; grid-template-columns: auto minmax(0, 1fr) auto; column-gap: calc(var(--gap) * .75); align-items: baseline;
  padding-block-start: calc(var(--gap) / 2); border-block-start: 1px solid var(--line);
}
[part~=sign] {
  grid-area: 1 / 1; align-self: start; inline-size: 1em; block-size: 1.4em; block-size: 1lh;
  fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round;
}
[part~=name] { grid-area: 1 / 2; unicode-bidi: isolate; justify-self: start; }
[part~=size] { grid-area: 1 / 3; font-size: .875em; color: var(--quiet); font-variant-numeric: tabular-nums; white-space: nowrap; }
[part~=details] { grid-area: 2 / 2 / 3 / 4; display: flex; flex-wrap: wrap; align-items: center; gap: .25em .75em; min-block-size: var(--target); }
[part~=state] { min-inline-size: 0; color: var(--quiet); }
[part~=code] { font-family: ui-monospace, monospace; font-size: .8em; color: var(--quiet); }
[part~=retry-all] { justify-self: end; margin-block-start: calc(var(--gap) / 2); }
[part~=actions] { display: flex; flex-wrap: wrap; justify-content: end; gap: .5em; min-inline-size: 0; margin-inline-start: auto; }
[part~=remove] { display: inline-grid; grid-template-columns: minmax(0, auto); place-content: center; }
[part~=remove]::after { content: attr(data-other); block-size: 0; visibility: hidden; }
/* On the line above the file, so that it takes no space. */
[part~=progress] { position: absolute; inset-inline: 0; inset-block-start: -.15em; inline-size: 100%; block-size: .3em; accent-color: var(--accent); }
[part~=item-sealing] [part~=sign] { stroke: var(--accent); }
[part~=item-sealing] [part~=state] { color: var(--accent-text); }
[part~=item-sealed] [part~=sign] { stroke: var(--success); }
[part~=item-sealed] [part~=state] { color: var(--success-text); }
[part~=item-failed] [part~=sign] { stroke: var(--danger); }
[part~=item-failed] [part~=state] { color: var(--danger-text); font-weight: 600; }
[part~=disabled] [part~=item] :is([part~=state], [part~=size], [part~=code]), [part~=disabled] [part~=hint] { margin-block-start: calc(var(--gap) / 2); color: inherit; }
[part~=disabled] [part~=sign] { stroke: currentColor; }
[part~=error] {
  margin-block-start: var(--gap); padding: calc(var(--gap) / 2) var(--gap); border-inline-start: 3px solid var(--danger); border-radius: calc(var(--radius) / 2);
  background: var(--danger-tint); color: var(--danger-text);
}
[part~=status] { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (forced-colors: none) {
  [part~=progress] { appearance: none; overflow: hidden; border: 0; border-radius: 1em; background: var(--line); }
  [part~=progress]::-webkit-progress-bar { background: var(--line); }
  [part~=progress]::-webkit-progress-value { background: var(--accent); }
  [part~=progress]::-moz-progress-bar { background: var(--accent); }
}
@media (pointer: coarse) { [part~=zone] { --target: max(2.25em, 44px); } [part~=button] { min-inline-size: 44px; } }
@media (hover: none) and (pointer: coarse) { [part~=hint] { display: none; } }
@media (forced-colors: active) {
  [part~=zone], [part~=item], [part~=error] { border-color: CanvasText; }
  [part~=dragging] { outline-color: Highlight; }
  :is([part~=input], [part~=button]):focus-visible { outline-color: Highlight; }
  [part~=sign] { stroke: CanvasText !important; }
  [part~=disabled] [part~=sign] { stroke: GrayText !important; }
}
@media (prefers-reduced-motion: no-preference) {
  [part~=zone] { transition: outline-color .15s; }
  [part~=item-sealing] [part~=sign] { animation: turn 1s linear infinite; }
  @keyframes turn { to { transform: rotate(1turn); } }
}
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
    // jsdom lays out nothing.
    if (!('replaceSync' in sheet)) return;
    sheet.replaceSync(CSS_TEXT);
    sheets.set(document, sheet);
  }
  root.adoptedStyleSheets = [sheet];
}
