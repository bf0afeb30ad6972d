import { element } from '../dom';

/** Pixels from which a press that moves is no click any more. */
const DRAGGED = 5;

/** What can be marked, in pixels from the left and the top of the canvas. */
export type Field = Readonly<Record<'left' | 'right' | 'top' | 'bottom', number>>;

/**
 * Lets a person mark a stretch by dragging across a canvas; Escape gives it up. A drag is no click. What is marked is an element of its
 * own, so that dragging draws nothing anew.
 * @param field null while there is nothing to mark
 * @param done gets the ends of the stretch, left first, in pixels from the left of the canvas
 * @returns the mark, to be put beside the canvas, in the same place
 */
export function brush(canvas: HTMLCanvasElement, field: () => Field | null, done: (from: number, to: number) => void): HTMLElement {
  const mark = element('div', { class: 'brush', 'aria-hidden': 'true' });
  mark.hidden = true;
  let start: number | null = null;
  let dragged = false;
  const at = ({ clientX }: MouseEvent, { left, right }: Field) =>
    Math.min(right, Math.max(left, clientX - canvas.getBoundingClientRect().left));
  const end = () => {
    start = null;
    mark.hidden = true;
  };
  canvas.style.touchAction = 'pan-y';
  canvas.addEventListener('pointerdown', (event) => {
    const area = field();
    dragged = false;
    if (area === null || event.button !== 0) return;
    start = at(event, area);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    const area = field();
    if (start === null || area === null) return;
    const now = at(event, area);
    dragged ||= Math.abs(now - start) >= DRAGGED;
    if (!dragged) return;
    mark.hidden = false;
    const { clientWidth, clientHeight } = canvas;
    const [left, right] = [Math.min(start, now), clientWidth - Math.max(start, now)];
    // Cut out of what covers the canvas: that moves nothing on the page.
    mark.style.clipPath = `inset(${area.top}px ${right}px ${clientHeight - area.bottom}px ${left}px)`;
  });
  canvas.addEventListener('pointerup', (event) => {
    const area = field();
    const from = start;
    end();
    if (from === null || area === null || !dragged) return;
    const to = at(event, area);
    done(Math.min(from, to), Math.max(from, to));
  });
  canvas.addEventListener('pointercancel', end);
  canvas.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') end();
  });
  // Before the chart hears of it.
  canvas.addEventListener(
    'click',
    (event) => {
      if (dragged) event.stopImmediatePropagation();
    },
    { capture: true },
  );
  return mark;
}
