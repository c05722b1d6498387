// How well text is told from what lies behind it, as WCAG 2.2 measures it:
// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio

import type { Page } from "playwright-core";

/** A text and its contrast, 1 to 21. */
export type TextContrast = { readonly text: string; readonly ratio: number };

/** Measures every text that is shown, but that of controls that are disabled. */
export function measureContrast(page: Page): Promise<TextContrast[]> {
  return page.evaluate<TextContrast[]>(script);
}

const script = `(() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (below, [r, g, b], alpha) => [r, g, b].map((v, i) => v * alpha + below[i] * (1 - alpha));
  const ancestors = (it) => it ? [...ancestors(it.parentElement), it] : [];
  return [...document.querySelectorAll("body *")].filter((it) =>
    [...it.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) &&
    it.getClientRects().length > 0 && !it.closest(":disabled, .visually-hidden")
  ).map((it) => {
    const all = ancestors(it).map((el) => getComputedStyle(el));
    const ground = all.reduce((below, { backgroundColor }) => {
      const colour = rgba(backgroundColor);
      return over(below, colour, colour[3] / 255);
    }, [255, 255, 255]);
    const colour = rgba(all.at(-1).color);
    const opacity = all.reduce((product, style) => product * Number(style.opacity), 1);
    const ink = over(ground, colour, colour[3] / 255 * opacity);
    const [dark, light] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
    return { text: it.textContent.trim().slice(0, 40), ratio: (light + 0.05) / (dark + 0.05) };
  });
})()`;
