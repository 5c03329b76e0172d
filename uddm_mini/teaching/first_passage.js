// Where a curve first falls to a share of its way: as `first_passage` in experiments/crossing.py.

// x rises; y goes from start (its first value, if it is not given) to limit. At the start 1 is left of the way, at the limit 0.
// What comes back is e^x where first only `level` is left: Infinity if it never is, 0 if it was so at once, NaN if there is
// no way to go.
function firstPassage(x, y, level, start = y[0], limit = y[y.length - 1]) {
  if (!(start < limit)) return NaN;
  const left = y.map((v) => (limit - v) / (limit - start));
  const k = left.findIndex((now, i) => i && left[i - 1] > level && now <= level);
  if (k < 0) return left[left.length - 1] > level ? Infinity : 0;
  return Math.exp(x[k - 1] + ((left[k - 1] - level) / (left[k - 1] - left[k])) * (x[k] - x[k - 1]));
}
