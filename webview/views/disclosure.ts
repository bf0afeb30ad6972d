import { element } from '../dom';

/** Which details stand open, remembered by id. */
export interface OpenDetails {
  has(id: string): boolean;
  set(id: string, open: boolean): void;
}

/** A native details element that remembers whether it stood open. `filled` is called before it is first seen open. */
export function disclosure(
  id: string,
  summary: string,
  remembered: OpenDetails,
  content: HTMLElement,
  opened: () => void = () => {},
): HTMLDetailsElement {
  const details = element('details', { id }, element('summary', {}, summary), content);
  details.open = remembered.has(id);
  details.addEventListener('toggle', () => {
    remembered.set(id, details.open);
    if (details.open) opened();
  });
  return details;
}
