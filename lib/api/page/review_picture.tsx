// The picture of a mask to review: the object with some margin, its outline on it.
//
// Pictures and masks are fetched only for rows that are seen.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Ring } from "../../masks/polygons.ts";
import type { FrameView, ReviewItem } from "../contract.ts";
import { maskRings } from "./mask_rings.ts";
import type { OpenPage } from "./page.ts";
import { fetchJson, pictureAddress } from "./server.ts";

/** Width to height of the picture; page.css knows it as well. */
const shape = 1.4;

/** The picture of a mask to review. */
export function ReviewPicture({ page, item, colour }: {
  page: OpenPage;
  item: ReviewItem;
  colour: string;
}) {
  const { id, width, height } = page.sequence.summary;
  const { objectId, frame } = item;
  const element = useRef<SVGSVGElement>(null);
  const [seen, setSeen] = useState(false);
  const [rings, setRings] = useState<readonly Ring[]>([]);

  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((it) => it.isIntersecting)) setSeen(true);
    });
    if (element.current) observer.observe(element.current);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (!seen) return;
    const abort = new AbortController();
    fetchJson<FrameView>(`api/sequences/${id}/frames/${frame}`, abort).then(
      ({ masks }) => {
        const mask = masks.find((it) => it.objectId === objectId);
        setRings(mask ? maskRings(mask.counts, { width, height }) : []);
      },
      () => {}, // without an outline the row still says what it is about
    );
    return () => abort.abort();
  }, [seen, id, frame, objectId, item.areaPx, item.drift]);

  const outline = rings.map((ring) =>
    `M${ring.map(({ x, y }) => `${x} ${y}`).join("L")}Z`
  ).join("");
  return (
    <svg
      ref={element}
      class="review-picture"
      viewBox={viewBoxAround(rings, width, height)}
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
    >
      {seen && (
        <image
          href={pictureAddress(id, frame, "thumbnail")}
          width={width}
          height={height}
          preserveAspectRatio="none"
        />
      )}
      <path d={outline} stroke={colour} />
    </svg>
  );
}

/** The object with a quarter of its size around it, at least half the frame. */
function viewBoxAround(
  rings: readonly Ring[],
  width: number,
  height: number,
): string {
  if (rings.length === 0) return `0 0 ${width} ${height}`;
  let x0 = width, x1 = 0, y0 = height, y1 = 0;
  for (const { x, y } of rings.flat()) {
    x0 = Math.min(x0, x);
    x1 = Math.max(x1, x);
    y0 = Math.min(y0, y);
    y1 = Math.max(y1, y);
  }
  const wanted = 1.5 * Math.max(y1 - y0, (x1 - x0) / shape);
  const most = Math.min(height, width / shape);
  const h = Math.min(most, Math.max(wanted, most / 2));
  const w = h * shape;
  const place = (middle: number, length: number, end: number) =>
    Math.max(0, Math.min(end - length, middle - length / 2));
  return [
    place((x0 + x1) / 2, w, width),
    place((y0 + y1) / 2, h, height),
    w,
    h,
  ].join(" ");
}
