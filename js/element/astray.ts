import { warn } from './warn.js';

type Control = HTMLElement & { name: string; form: HTMLFormElement | null };

export const LEFT_OUT =
  'is between the tags of a form that the browser has closed before, as it does in a table, so the files are missing there; give the form an id, and the element that id in its attribute form';

/**
 * Whether a native control in this place would be the form's. A parser that has to close a form early, as in a table, still gives it the native
 * controls before its end tag, and no custom element.
 */
export function isLeftOutOf(form: HTMLFormElement, control: Control): boolean {
  if (control.form || control.hasAttribute('form') || form.localName !== 'form') return false;
  const tree = control.getRootNode() as Document;
  if (form.getRootNode() !== tree) return false;
  const isBefore = (a: Node, b: Node) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING) > 0;
  const isOfForm = (other: HTMLInputElement) =>
    other.form === form && !form.contains(other) && !other.hasAttribute('form') && isBefore(control, other);
  return isBefore(form, control) && Array.from(tree.querySelectorAll<HTMLInputElement>('button, input')).some(isOfForm);
}

/** Reports a control that the form around it, or the one that it names, will not send. */
export function warnAstray(control: Control): void {
  if (control.form || !control.name) return;
  const reason = reasonOf(control);
  if (reason) warn(control, reason);
}

function reasonOf(control: Control): string | undefined {
  const id = control.getAttribute('form');
  if (id !== null) return `has form="${id}", which is the id of no form in its tree, so nothing sends its files`;
  const forms = (control.getRootNode() as Document).querySelectorAll('form');
  if (Array.from(forms).some((form) => isLeftOutOf(form, control))) return LEFT_OUT;
  if (shownIn(control).some((node) => (node as Element).localName === 'form'))
    return 'is in a shadow tree within a form, or in a slot of one, and a form sends only what is in its own tree; put both into the same tree';
  return undefined;
}

/** What the page shows a node in, from itself to its document; also what is of other trees. */
export function shownIn(node: Node): Node[] {
  const around = (node as Element).assignedSlot ?? node.parentNode ?? (node as Partial<ShadowRoot>).host;
  return around ? [node, ...shownIn(around)] : [node];
}

/** Where the events of each form that a node in a page may belong to can be heard; a component may make others later. */
export function rootsAround(node: Node): EventTarget[] {
  if (!node.isConnected) return [];
  const window = node.ownerDocument!.defaultView as (Window & { navigation?: EventTarget }) | null;
  const roots = [...shownIn(node).map((one) => one.getRootNode()), window, window?.navigation];
  return [...new Set(roots)].filter((root) => root != null);
}
