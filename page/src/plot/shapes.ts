import type { Shape } from "./looks";

/** Corners around the centre: their number, the radius of every second one, the first one's turn. */
interface Polygon {
  corners: number;
  inner?: number;
  turn: number;
  size: number;
}

// The sizes make all shapes look equally heavy.
const POLYGONS: Partial<Record<Shape, Polygon>> = {
  square: { corners: 4, turn: 45, size: 1.22 },
  triangle: { corners: 3, turn: 0, size: 1.3 },
  diamond: { corners: 4, turn: 0, size: 1.28 },
  "triangle-down": { corners: 3, turn: 60, size: 1.3 },
  pentagon: { corners: 5, turn: 0, size: 1.16 },
  hexagon: { corners: 6, turn: 0, size: 1.12 },
  "triangle-left": { corners: 3, turn: 30, size: 1.3 },
  "triangle-right": { corners: 3, turn: -30, size: 1.3 },
  star: { corners: 10, inner: 0.45, turn: 0, size: 1.42 },
};

/** The outline of a shape around the origin, for SVG; `radius` is that of the circle among them. */
export function outline(shape: Shape, radius: number): string {
  const polygon = POLYGONS[shape];
  if (polygon) {
    const points = Array.from({ length: polygon.corners }, (_, corner) => {
      const angle = ((polygon.turn + (corner * 360) / polygon.corners) * Math.PI) / 180;
      const far = radius * polygon.size * (corner % 2 ? (polygon.inner ?? 1) : 1);
      return [far * Math.sin(angle), -far * Math.cos(angle)];
    });
    return closed(points);
  }
  if (shape === "cross" || shape === "x") return closed(plus(radius, shape === "x" ? 45 : 0));
  const r = round(radius);
  return `M${-r},0A${r},${r} 0 1,1 ${r},0A${r},${r} 0 1,1 ${-r},0Z`;
}

function plus(radius: number, turn: number): number[][] {
  const far = radius * 1.15;
  const near = radius * 0.42;
  const arm = [
    [-near, -far],
    [near, -far],
    [near, -near],
  ];
  return [0, 90, 180, 270].flatMap((quarter) =>
    arm.map(([x, y]) => {
      const angle = ((quarter + turn) * Math.PI) / 180;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      return [(x as number) * cos - (y as number) * sin, (x as number) * sin + (y as number) * cos];
    }),
  );
}

function closed(points: number[][]): string {
  return `M${points.map((point) => point.map(round).join(",")).join("L")}Z`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
