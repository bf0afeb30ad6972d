// The only file that knows the component library: another one is a change here.
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { element, setText, type View } from './dom';

const registered = new Set<Component>();
type Component = typeof vsCodeButton | typeof vsCodeCheckbox | typeof vsCodeDropdown | typeof vsCodeOption | typeof vsCodeTextField;

/** With the first use, so that a bundle holds only the components that it uses. */
function register(...components: readonly Component[]): void {
  for (const component of components) {
    if (registered.has(component)) continue;
    registered.add(component);
    provideVSCodeDesignSystem().register(component());
  }
}

export function button(label: string, appearance: 'primary' | 'secondary', onPress: () => void): HTMLElement {
  register(vsCodeButton);
  const node = document.createElement('vscode-button');
  node.setAttribute('appearance', appearance);
  node.textContent = label;
  node.addEventListener('click', onPress);
  return node;
}

/** A button that opens the menu with the id. */
export function menuButton(label: string, menu: string, onPress: () => void): HTMLElement {
  const node = button(label, 'secondary', onPress);
  node.setAttribute('aria-haspopup', 'menu');
  node.setAttribute('aria-controls', menu);
  node.setAttribute('aria-expanded', 'false');
  return node;
}

export function checkbox(label: string, checked: boolean, onChange: (checked: boolean) => void): HTMLElement {
  register(vsCodeCheckbox);
  const node = document.createElement('vscode-checkbox') as HTMLElement & { checked: boolean };
  node.textContent = label;
  node.checked = checked;
  node.addEventListener('change', () => onChange(node.checked));
  return node;
}

export function textField(label: string, value: string, onInput: (value: string) => void): HTMLElement {
  register(vsCodeTextField);
  const node = document.createElement('vscode-text-field') as HTMLElement & { value: string };
  node.textContent = label;
  node.value = value;
  node.addEventListener('input', () => onInput(node.value));
  return node;
}

/** A field for a number, which is told when it is left or Enter is pressed. What is no number is put back. */
export function numberField(label: string, onChange: (value: number) => void): View<number> {
  register(vsCodeTextField);
  const node = document.createElement('vscode-text-field') as HTMLElement & { value: string };
  node.textContent = label;
  let shown = Number.NaN;
  const take = () => {
    const value = node.value.trim() === '' ? Number.NaN : Number(node.value);
    if (!Number.isFinite(value)) node.value = String(shown);
    else if (value !== shown) onChange(value);
  };
  node.addEventListener('change', take);
  node.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') take();
  });
  return {
    root: node,
    show(value) {
      if (Object.is(value, shown) && node.value === String(value)) return;
      shown = value;
      node.value = String(value);
    },
  };
}

/** What a person can choose, and the index of what is chosen. */
export interface Choices {
  readonly labels: readonly string[];
  readonly chosen: number;
  /** Indices of labels that only say what the ones after them are. */
  readonly headings?: readonly number[];
}

export function dropdown(label: string, onChange: (chosen: number) => void): View<Choices> {
  register(vsCodeDropdown, vsCodeOption);
  const node = document.createElement('vscode-dropdown') as HTMLElement & { selectedIndex: number };
  node.setAttribute('aria-label', label);
  node.addEventListener('change', () => onChange(node.selectedIndex));
  return {
    root: element('div', { class: 'dropdown' }, element('span', { 'aria-hidden': 'true' }, label), node),
    show({ labels, chosen, headings = [] }) {
      while (node.children.length > labels.length) node.lastElementChild!.remove();
      while (node.children.length < labels.length) node.append(document.createElement('vscode-option'));
      labels.forEach((text, index) => {
        const option = node.children[index] as HTMLElement;
        setText(option, text);
        option.toggleAttribute('disabled', headings.includes(index));
      });
      // The options take their places in the list a moment after they are put on the page.
      requestAnimationFrame(() => {
        node.selectedIndex = chosen;
      });
    },
  };
}
