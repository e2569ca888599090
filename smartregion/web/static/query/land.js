// Background of the map: the districts of the release, or an empty frame around the points.

import { svg } from "./dom.js";

const MARGIN = 40;

/**
 * @param drawn {width, height, plane: {west, north, right, down}, paths, note}: units per degree from a corner; null for none
 */
export function ground(drawn) {
  const plane = drawn?.plane ?? { west: 7.7, north: 51.7, right: 390, down: 615 };
  const [width, height] = [drawn?.width ?? 1000, drawn?.height ?? 1420];
  const place = (x, y) => [(x - plane.west) * plane.right, (plane.north - y) * plane.down];
  return {
    place,
    radius: 9,
    note: drawn?.note ?? "",
    outline: () => (drawn?.paths ?? []).map((d) => svg("path", { d, class: "area" })),
    /** The view box: the whole background and all points. */
    frame(points) {
      const places = points.map(({ x, y }) => place(x, y));
      const [xs, ys] = [0, 1].map((axis) => places.map((position) => position[axis]));
      const [left, top] = [Math.min(0, ...xs.map((x) => x - MARGIN)), Math.min(0, ...ys.map((y) => y - MARGIN))];
      const [right, bottom] = [Math.max(width, ...xs.map((x) => x + MARGIN)), Math.max(height, ...ys.map((y) => y + MARGIN))];
      return [left, top, right - left, bottom - top].map(Math.round).join(" ");
    },
  };
}
