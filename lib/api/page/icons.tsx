// Icons: strokes on a grid of 20, one weight, drawn for this page.

import type { ComponentChildren } from "preact";

function icon(children: ComponentChildren) {
  return () => (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** All icons by name. */
export const Icon = {
  click: icon(
    <>
      <path d="M8 8l3 9 1.8-3.7L16.5 11.5z" />
      <path d="M8 2.5v2M2.5 8h2M4.1 4.1l1.4 1.4M11.9 4.1l-1.4 1.4M4.1 11.9l1.4-1.4" />
    </>,
  ),
  box: icon(
    <>
      <path d="M3 6.5V3h3.5M13.5 3H17v3.5M17 13.5V17h-3.5M6.5 17H3v-3.5" />
      <path d="M9 3h2M9 17h2M3 9v2M17 9v2" />
    </>,
  ),
  brush: icon(
    <>
      <path d="M16.5 3.5c-3 1.5-6 4.5-7.5 7l1.5 1.5c2.5-1.5 5.5-4.5 7-7.5z" />
      <path d="M8.5 11.5c-2 0-3 1.2-3 2.7 0 1.3-.8 2.1-2.5 2.3 3.5 1.2 7-.2 7-3.5" />
    </>,
  ),
  eraser: icon(
    <>
      <path d="M7.5 16.5l-4-4a1.4 1.4 0 010-2l7-7a1.4 1.4 0 012 0l4 4a1.4 1.4 0 010 2l-7 7z" />
      <path d="M7 7l6 6M7.5 16.5H17" />
    </>,
  ),
  polygon: icon(
    <>
      <path d="M5.3 6.3l8.4-1.6M4.6 7.8l2.1 6.4M9.5 15.5l5.2-1M15.3 6.5l.6 6" />
      <circle cx="4" cy="6.5" r="1.6" />
      <circle cx="15.2" cy="4.8" r="1.6" />
      <circle cx="7.5" cy="15.7" r="1.6" />
      <circle cx="16.2" cy="14.2" r="1.6" />
    </>,
  ),
  hand: icon(
    <>
      <path d="M10 2.5v15M2.5 10h15" />
      <path d="M8 4.5l2-2 2 2M8 15.5l2 2 2-2M4.5 8l-2 2 2 2M15.5 8l2 2-2 2" />
    </>,
  ),
  undo: icon(<path d="M7 4L3.5 7.5 7 11M3.5 7.5h8a4.5 4.5 0 010 9H7" />),
  redo: icon(
    <path d="M13 4l3.5 3.5L13 11M16.5 7.5h-8a4.5 4.5 0 000 9H13" />,
  ),
  propagate: icon(
    <>
      <path d="M2.5 10h15M5.5 7l-3 3 3 3M14.5 7l3 3-3 3" />
      <circle cx="10" cy="10" r="2.2" class="solid" />
    </>,
  ),
  down: icon(<path d="M6 8l4 4 4-4" />),
  export: icon(
    <path d="M10 12.5v-9M6.5 6.5L10 3l3.5 3.5M3.5 12v3.5a1 1 0 001 1h11a1 1 0 001-1V12" />,
  ),
  theme: icon(
    <path d="M16.5 11.8A6.8 6.8 0 018.2 3.5a6.8 6.8 0 108.3 8.3z" />,
  ),
  sun: icon(
    <>
      <circle cx="10" cy="10" r="3.2" />
      <path d="M10 2.5v1.8M10 15.7v1.8M2.5 10h1.8M15.7 10h1.8M4.7 4.7L6 6M14 14l1.3 1.3M4.7 15.3L6 14M14 6l1.3-1.3" />
    </>,
  ),
  system: icon(
    <>
      <rect x="2.5" y="3.5" width="15" height="10" rx="1.5" />
      <path d="M7 16.8h6M10 13.5v3.3" />
    </>,
  ),
  keyboard: icon(
    <>
      <rect x="2" y="5" width="16" height="10.5" rx="1.8" />
      <path d="M5 8.2h.5M8.2 8.2h.5M11.4 8.2h.5M14.6 8.2h.5M6.5 12.3h7" />
    </>,
  ),
  eye: icon(
    <>
      <path d="M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10z" />
      <circle cx="10" cy="10" r="2.4" />
    </>,
  ),
  eyeOff: icon(
    <>
      <path d="M3 3l14 14M8 4.8A7.6 7.6 0 0110 4.5c5 0 8 5.5 8 5.5a13.6 13.6 0 01-2.4 3M12 15.2a7.6 7.6 0 01-2 .3C5 15.5 2 10 2 10a13.6 13.6 0 013.2-3.6" />
    </>,
  ),
  more: icon(
    <>
      <circle cx="4.5" cy="10" r="1.1" class="solid" />
      <circle cx="10" cy="10" r="1.1" class="solid" />
      <circle cx="15.5" cy="10" r="1.1" class="solid" />
    </>,
  ),
  plus: icon(<path d="M10 4v12M4 10h12" />),
  minus: icon(<path d="M4 10h12" />),
  close: icon(<path d="M5 5l10 10M15 5L5 15" />),
  check: icon(<path d="M4 10.5l4 4 8-9" />),
  skip: icon(<path d="M5 4.5l7 5.5-7 5.5zM15 4.5v11" />),
  trash: icon(
    <path d="M3.5 5.5h13M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5" />,
  ),
  play: icon(<path d="M6 3.8l10 6.2-10 6.2z" class="solid" />),
  pause: icon(<path d="M7 4v12M13 4v12" />),
  previous: icon(<path d="M12.5 4.5L7 10l5.5 5.5" />),
  next: icon(<path d="M7.5 4.5L13 10l-5.5 5.5" />),
  first: icon(<path d="M14.5 4.5L9 10l5.5 5.5M5.5 4.5v11" />),
  last: icon(<path d="M5.5 4.5L11 10l-5.5 5.5M14.5 4.5v11" />),
  doubt: icon(
    <>
      <path d="M10 3.5l7.5 13h-15z" />
      <path d="M10 8.5v3.5M10 14.2v.3" />
    </>,
  ),
  fit: icon(
    <>
      <path d="M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4" />
      <rect x="6.5" y="7" width="7" height="6" rx="1" />
    </>,
  ),
  tag: icon(
    <>
      <path d="M3 3.5h6.5l7.5 7.5-6 6L3.5 9.5z" />
      <circle cx="6.8" cy="7" r="1" class="solid" />
    </>,
  ),
  layers: icon(
    <path d="M10 3l7.5 4-7.5 4-7.5-4zM2.5 10.5L10 14.5l7.5-4M2.5 13.5L10 17.5l7.5-4" />,
  ),
  sliders: icon(
    <>
      <path d="M3 6h7M14.5 6H17M3 14h2.5M10 14h7" />
      <circle cx="12.2" cy="6" r="2.2" />
      <circle cx="7.8" cy="14" r="2.2" />
    </>,
  ),
  review: icon(
    <>
      <path d="M16.5 9.5v6a1 1 0 01-1 1h-11a1 1 0 01-1-1v-11a1 1 0 011-1h8" />
      <path d="M7 9.5l3 3 7-8" />
    </>,
  ),
  point: icon(<circle cx="10" cy="10" r="4" />),
  fillHoles: icon(
    <>
      <circle cx="10" cy="10" r="7" />
      <circle cx="10" cy="10" r="2.6" class="solid" />
    </>,
  ),
  largest: icon(
    <>
      <circle cx="8.5" cy="11" r="5.5" class="solid" />
      <circle cx="16" cy="4.5" r="1.5" stroke-dasharray="1.5 1.5" />
    </>,
  ),
  subtract: icon(
    <>
      <path d="M12 5.5A5.5 5.5 0 108 14.5 7 7 0 0112 5.5z" />
      <circle cx="13" cy="11" r="4.5" stroke-dasharray="2 2" />
    </>,
  ),
  copy: icon(
    <>
      <rect x="7" y="7" width="9.5" height="9.5" rx="1.5" />
      <path d="M13 7V5a1.5 1.5 0 00-1.5-1.5H5A1.5 1.5 0 003.5 5v6.5A1.5 1.5 0 005 13h2" />
    </>,
  ),
  clear: icon(
    <>
      <circle cx="10" cy="10" r="6.5" />
      <path d="M7.5 7.5l5 5M12.5 7.5l-5 5" />
    </>,
  ),
  list: icon(<path d="M3.5 5.5h13M3.5 10h13M3.5 14.5h13" />),
  panel: icon(
    <>
      <rect x="2.5" y="3.5" width="15" height="13" rx="1.8" />
      <path d="M12.5 3.5v13" />
    </>,
  ),
  begin: icon(<path d="M8 3.5H5v13h3M9 10h7.5M13 6.5l3.5 3.5-3.5 3.5" />),
  end: icon(<path d="M12 3.5h3v13h-3M11 10H3.5M7 6.5L3.5 10 7 13.5" />),
  onion: icon(
    <>
      <circle cx="7.5" cy="10" r="4.5" stroke-dasharray="2 1.8" />
      <circle cx="12.5" cy="10" r="4.5" />
    </>,
  ),
  pencil: icon(<path d="M4 16l.8-3.6L13.5 3.7l2.8 2.8-8.7 8.7z" />),
} as const;

/** The name of an icon. */
export type IconName = keyof typeof Icon;
