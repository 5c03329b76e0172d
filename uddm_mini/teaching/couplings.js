// Couplings that make every unit of every pattern likely given the others, as networks/pseudo_likelihood.py trains them,
// and recall with them. Patterns are arrays of +1 and -1; J[i N + j] is how much unit i listens to unit j.

const STILL = 1e-9; // as TIE in networks/base.py: fields below this move no unit

// The slopes of unit i's own problem, mean -ln p(x_i | the others) + l2/2 |J_i|^2: expected minus observed, times the other unit.
function slopes(row, patterns, i, l2, g) {
  const n = patterns.length, N = row.length;
  for (let j = 0; j < N; j++) g[j] = l2 * row[j];
  for (let m = 0; m < n; m++) {
    const x = patterns[m];
    let h = 0;
    for (let j = 0; j < N; j++) h += row[j] * x[j];
    const r = (Math.tanh(h) - x[i]) / n;
    for (let j = 0; j < N; j++) g[j] += r * x[j];
  }
  g[i] = 0;
}

// Row i of J, by gradient descent from 0 until no slope exceeds `within`. The size of a step is what the last step showed
// of the curvature (Barzilai and Borwein 1988), after a first one of 1 / N, which is never too long.
function trainRow(patterns, i, l2, within, most) {
  const N = patterns[0].length, row = new Float64Array(N), g = new Float64Array(N), before = new Float64Array(N);
  let step = 1 / (N + l2);
  slopes(row, patterns, i, l2, g);
  for (let steps = 0; steps < most; steps++) {
    let largest = 0, bend = 0, size = 0;
    for (let j = 0; j < N; j++) {
      largest = Math.max(largest, Math.abs(g[j]));
      before[j] = g[j];
      row[j] -= step * g[j];
    }
    if (largest < within) return { row, steps };
    slopes(row, patterns, i, l2, g);
    for (let j = 0; j < N; j++) {
      bend += before[j] * (before[j] - g[j]);
      size += before[j] * before[j];
    }
    step *= size / bend; // bend > 0: the problem is strictly convex
  }
  return { row, steps: most };
}

// Couplings J, one unit after another: nobody tells row i what row j has found.
function trainCouplings(patterns, l2, within = 1e-6, most = 5000) {
  const N = patterns[0].length, J = new Float64Array(N * N);
  let steps = 0;
  for (let i = 0; i < N; i++) {
    const found = trainRow(patterns, i, l2, within, most);
    J.set(found.row, i * N);
    steps = Math.max(steps, found.steps);
  }
  return { J, steps };
}

// Each unit in turn takes the sign of its field, until a whole round changes nothing.
function recall(J, start, rounds = 50) {
  const x = start.slice(), N = x.length;
  for (let round = 0, moved = true; moved && round < rounds; round++) {
    moved = false;
    for (let i = 0; i < N; i++) {
      let h = 0;
      for (let j = 0, k = i * N; j < N; j++, k++) h += J[k] * x[j];
      if (2 * h * x[i] < -STILL) {
        x[i] = -x[i];
        moved = true;
      }
    }
  }
  return x;
}

if (typeof module !== "undefined") module.exports = { trainCouplings, recall };
