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

/** What a person can choose, and the index of what is chosen. */
export interface Choices {
  readonly labels: readonly string[];
  readonly chosen: number;
}

export function dropdown(label: string, onChange: (chosen: number) => void): View<Choices> {
  register(vsCodeDropdown, vsCodeOption);
  const node = document.createElement('vscode-dropdown') as HTMLElement & { selectedIndex: number };
  node.setAttribute('aria-label', label);
  node.addEventListener('change', () => onChange(node.selectedIndex));
  return {
    root: element('div', { class: 'dropdown' }, element('span', { 'aria-hidden': 'true' }, label), node),
    show({ labels, chosen }) {
      while (node.children.length > labels.length) node.lastElementChild!.remove();
      while (node.children.length < labels.length) node.append(document.createElement('vscode-option'));
      labels.forEach((text, index) => {
        setText(node.children[index] as HTMLElement, text);
      });
      // The options take their places in the list a moment after they are put on the page.
      requestAnimationFrame(() => {
        node.selectedIndex = chosen;
      });
    },
  };
}
