import type { IconName } from '../../src/words/verdict';
import { svg } from '../dom';

/** Each level has a shape of its own: circle, eye, arrow, octagon, torn square, question mark. */
const PATHS: Record<IconName, readonly string[]> = {
  check: ['M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20z', 'M7 12.5l3.5 3.5l6.5-7.5'],
  eye: ['M1.5 12c3-5.5 6.5-8 10.5-8s7.5 2.5 10.5 8c-3 5.5-6.5 8-10.5 8s-7.5-2.5-10.5-8z', 'M12 8.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7z'],
  down: ['M12 2l10 10l-10 10l-10-10z', 'M12 7v9', 'M8.5 12.5l3.5 3.5l3.5-3.5'],
  cross: ['M8 2h8l6 6v8l-6 6h-8l-6-6v-8z', 'M8.5 8.5l7 7', 'M15.5 8.5l-7 7'],
  broken: ['M3 3h18v8l-4.5 3l-4-3l-4.5 3l-5-3z', 'M3 16l5 3l4.5-3l4 3l4.5-3v5h-18z'],
  question: ['M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20z', 'M9 9.5a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.1-1.5 2.4', 'M12 17.2v.3'],
};

export function icon(name: IconName): SVGElement {
  const paths = PATHS[name].map((d) => svg('path', { d }));
  return svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', 'data-icon': name }, ...paths);
}
