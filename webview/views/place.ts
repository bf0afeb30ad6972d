/** Puts a popover below its anchor, or above where there is no room; never over the edge. */
export function place(popover: HTMLElement, anchor: HTMLElement): void {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = popover;
  const below = box.bottom + offsetHeight <= window.innerHeight || box.top < offsetHeight;
  popover.style.left = `${Math.max(4, Math.min(box.left, document.documentElement.clientWidth - offsetWidth - 4))}px`;
  popover.style.top = `${below ? box.bottom : box.top - offsetHeight}px`;
}
