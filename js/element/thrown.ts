/**
 * What listeners throw while an event is dispatched: browsers tell the window of the listener's script, at once, and never the one who
 * dispatches ("report an exception" in HTML). Frameworks that catch what their listeners throw keep it from us.
 */
export function thrownBy(node: Node, dispatch: () => void): unknown[] {
  const thrown: unknown[] = [];
  const windows = windowsOf(node);
  const note = (event: Event) => {
    // For a script of another origin it says no more than that.
    if (windows.has(event.target!))
      thrown.push((event as ErrorEvent).error ?? new Error((event as ErrorEvent).message));
  };
  for (const window of windows) window.addEventListener('error', note, true);
  try {
    dispatch();
  } catch (error) {
    // Some DOMs that tests run in let it through.
    thrown.push(error);
  } finally {
    for (const window of windows) window.removeEventListener('error', note, true);
  }
  return thrown;
}

/** Those whose scripts may listen: the document's own, those around it as far as they are of its origin, and that of this script. */
function windowsOf(node: Node): Set<EventTarget> {
  const windows = new Set<EventTarget>([globalThis]);
  const own = node.ownerDocument?.defaultView;
  try {
    for (
      let window: Window | null | undefined = own;
      window;
      window = window.parent === window ? null : window.parent
    ) {
      // Throws where it is of another origin.
      if (window.document) windows.add(window);
    }
  } catch {
    // Its scripts cannot listen here.
  }
  return windows;
}
