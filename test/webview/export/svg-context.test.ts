import { describe, expect, test } from 'vitest';
import { SvgContext } from '../../../webview/export/svg-context';

const SIZE = { width: 100, height: 50 };

function drawn(draw: (context: SvgContext) => void, title = '', description = ''): string {
  const context = new SvgContext(null, (text) => ({ width: 7 * text.length }));
  draw(context);
  return context.svg(SIZE, 'rgb(30, 30, 30)', title, description);
}
/** What stands between the background and the end. */
const body = (draw: (context: SvgContext) => void) => drawn(draw).split('\n').slice(5, -2);

describe('SvgContext', () => {
  test('is a document with title, description and background, whatever they say', () => {
    const text = drawn(() => {}, 'a <b> & "c"', ']]> \u0000\u202e');
    expect(text).toContain('<title>a &lt;b&gt; &amp; "c"</title>');
    expect(text).toContain('<desc>]]&gt; \ufffd\ufffd</desc>');
    expect(text).toContain('<rect width="100%" height="100%" fill="rgb(30,30,30)"/>');
    expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="100" height="50" viewBox="0 0 100 50"/);
  });

  test('lines, with width and dashes', () => {
    const path = body((context) => {
      context.strokeStyle = 'rgb(1, 2, 3)';
      context.lineWidth = 1.5;
      context.setLineDash([7, 4]);
      context.beginPath();
      context.moveTo(1, 2);
      context.lineTo(3.456789, 4);
      context.closePath();
      context.stroke();
    });
    expect(path).toEqual(['<path d="M1 2L3.46 4Z" fill="none" stroke="rgb(1,2,3)" stroke-width="1.5" stroke-dasharray="7 4"/>']);
  });

  test('opacity of a colour and of the pen multiply, apart from the colour', () => {
    const [rect] = body((context) => {
      context.fillStyle = 'rgba(10, 20, 30, 0.5)';
      context.globalAlpha = 0.5;
      context.fillRect(0, 0, 2, 2);
    });
    expect(rect).toBe('<path d="M0 0L2 0L2 2L0 2Z" fill="rgb(10,20,30)" fill-opacity="0.25"/>');
  });

  test('a rectangle leaves the path as it was', () => {
    const paths = body((context) => {
      context.moveTo(0, 0);
      context.fillRect(5, 5, 1, 1);
      context.lineTo(9, 9);
      context.stroke();
    });
    expect(paths[1]).toContain('d="M0 0L9 9"');
  });

  test('a whole circle is two halves, a part of one an arc in its sense', () => {
    const [circle, part] = body((context) => {
      for (const end of [2 * Math.PI, -Math.PI]) {
        context.beginPath();
        context.arc(10, 10, 4, 0, end, end < 0);
        context.fill();
      }
    });
    expect(circle).toContain('d="M14 10A4 4 0 0 1 6 10A4 4 0 0 1 14 10"');
    expect(part).toContain('d="M14 10A4 4 0 0 0 10 6A4 4 0 0 0 6 10"');
  });

  test('what is restored is as it was saved, transformation, dashes and clip too', () => {
    const paths = body((context) => {
      context.save();
      context.translate(10, 20);
      context.rotate(Math.PI / 2);
      context.setLineDash([1]);
      context.rect(0, 0, 1, 1);
      context.clip();
      context.beginPath();
      context.moveTo(0, 0);
      context.lineTo(5, 0);
      context.stroke();
      context.restore();
      context.stroke();
    });
    expect(paths).toEqual([
      '<path d="M10 20L10 25" fill="none" stroke="#000" stroke-dasharray="1" clip-path="url(#clip-1)"/>',
      '<path d="M10 20L10 25" fill="none" stroke="#000"/>',
    ]);
  });

  test('a clip in a clip is the part of both', () => {
    const text = drawn((context) => {
      for (let depth = 0; depth < 2; depth++) {
        context.beginPath();
        context.rect(depth, 0, 5, 5);
        context.clip();
      }
    });
    expect(text).toContain('<clipPath id="clip-2" clip-path="url(#clip-1)"><path d="M1 0L6 0L6 5L1 5Z"/></clipPath>');
  });

  test('text is text: anchored, in its font, on its baseline, turned', () => {
    const [plain, turned] = body((context) => {
      context.font = 'bold 20px "Segoe UI", sans-serif';
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.fillText('<script>', 50, 10);
      context.translate(5, 5);
      context.rotate(-Math.PI / 2);
      context.fillText('up', 0, 0);
    });
    expect(plain).toBe(
      '<text x="50" y="17" font-size="20" font-family="&quot;Segoe UI&quot;, sans-serif" font-weight="bold" text-anchor="middle" fill="#000">&lt;script&gt;</text>',
    );
    expect(turned).toContain('transform="matrix(0 -1 1 0 12 5)"');
  });

  test('clearing begins anew', () => {
    expect(
      body((context) => {
        context.fillRect(0, 0, 1, 1);
        context.clearRect();
      }),
    ).toEqual(['']);
  });
});
