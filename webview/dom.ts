/** A piece of the page that is made once and then told what to show. */
export interface View<Model> {
  readonly root: HTMLElement;
  show(model: Model): void;
}

type Attributes = Readonly<Record<string, string>>;
type Child = Node | string;

/** An element with its attributes and children. Strings become text nodes: nothing from a file is ever parsed as HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function svg(tag: string, attributes: Attributes, ...children: readonly Node[]): SVGElement {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Touches the page only when the words differ, so that a redraw is neither seen nor announced. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** One child of the given kind per text. */
export function setTexts(parent: HTMLElement, tag: 'li' | 'p', texts: readonly string[]): void {
  while (parent.children.length > texts.length) parent.lastElementChild!.remove();
  while (parent.children.length < texts.length) parent.append(document.createElement(tag));
  texts.forEach((text, index) => {
    setText(parent.children[index] as HTMLElement, text);
  });
}

export function section(title: string, id: string, ...children: readonly Child[]): HTMLElement {
  return element('section', { 'aria-labelledby': id }, element('h2', { id }, title), ...children);
}
