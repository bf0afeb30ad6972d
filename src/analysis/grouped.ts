/** A whole number in a sentence: `50,000`. */
export const grouped = (n: number): string => n.toLocaleString('en');
