// Networks of spins that store patterns: energy(x), and gain(x, i) = energy with spin i down minus energy with it up.
// States are never changed in place, so what was counted for one is kept for as long as it is the same array.

const TIE = 1e-9; // as in networks/base.py: differences below this move no unit

// patterns: rows of +1 and -1; energy: { rule: "hebb" | "projection" }, { degree } or { beta }, as in networks/
function network(patterns, energy) {
  if (energy.rule === undefined) return separating(patterns, energy);
  const n = patterns[0].length, rows = energy.rule === "hebb" ? patterns.map((p) => p.map((s) => s / Math.sqrt(n))) : orthonormal(patterns);
  const J = new Float64Array(n * n);
  for (const row of rows) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) J[i * n + j] += row[i] * row[j];
  const field = (x, i) => {
    let h = 0;
    for (let j = 0; j < n; j++) h += J[i * n + j] * x[j];
    return h;
  };
  return { n, energy: (x) => -0.5 * x.reduce((sum, xi, i) => sum + xi * field(x, i), 0), gain: (x, i) => 2 * field(x, i) };
}

// Gram and Schmidt, twice: projecting on patterns is adding up the squares of these rows, however alike the patterns are.
function orthonormal(patterns) {
  const rows = [], dot = (a, b) => a.reduce((sum, ai, i) => sum + ai * b[i], 0);
  for (const pattern of patterns) {
    let rest = pattern.slice();
    for (let again = 0; again < 2; again++)
      for (const row of rows) {
        const share = dot(row, rest);
        rest = rest.map((r, i) => r - share * row[i]);
      }
    const size = Math.sqrt(dot(rest, rest));
    if (size > 1e-9 * Math.sqrt(pattern.length)) rows.push(rest.map((r) => r / size));
  }
  return rows;
}

function separating(memories, { degree, beta }) {
  const n = memories[0].length;
  let last = null, counts = null;
  const agreeing = (x) => {
    if (x !== last) [last, counts] = [x, memories.map((m) => m.reduce((sum, mi, i) => sum + (mi === x[i] ? 1 : 0), 0))];
    return counts;
  };
  const total = (counts) => {
    if (beta === undefined) // -N/k sum (o/N)^k with the overlap o = 2 m - N
      return (-n / degree) * counts.reduce((sum, m) => sum + ((2 * m - n) / n) ** degree, 0);
    const top = counts.reduce((a, b) => Math.max(a, b), -Infinity); // -1/beta log sum exp(beta m)
    return -top - Math.log(counts.reduce((sum, m) => sum + Math.exp(beta * (m - top)), 0)) / beta;
  };
  const gain = (x, i) => {
    const others = agreeing(x).map((m, k) => m - (memories[k][i] === x[i] ? 1 : 0));
    const put = (s) => total(others.map((m, k) => m + (memories[k][i] === s ? 1 : 0)));
    return put(-1) - put(1);
  };
  return { n, energy: (x) => total(agreeing(x)), gain };
}

const spins = (text) => Array.from(text, (c) => (c === "z" ? 1 : -1));
const text = (x) => x.map((s) => (s > 0 ? "z" : "0")).join("");

// The spin that unit i takes.
function choice(net, x, i) {
  const gain = net.gain(x, i);
  return Math.abs(gain) <= TIE ? x[i] : Math.sign(gain);
}

// Visit units in the given order again and again until a whole round changes nothing; return all states on the way.
function descend(net, start, order, rounds) {
  const path = [start.slice()];
  for (let round = 0; round < rounds; round++) {
    const before = path.length;
    for (const i of order) {
      const now = path[path.length - 1];
      const spin = choice(net, now, i);
      if (spin !== now[i]) path.push(now.map((s, j) => (j === i ? spin : s)));
    }
    if (path.length === before) break;
  }
  return path;
}

// What a settled state is: a stored pattern, its negative, or neither.
function verdict(x, patterns, names) {
  const overlaps = patterns.map((p) => p.reduce((sum, pi, i) => sum + pi * x[i], 0) / x.length);
  const best = overlaps.reduce((b, o, k) => (Math.abs(o) > Math.abs(overlaps[b]) ? k : b), 0);
  if (overlaps[best] === 1) return `It is the stored picture “${names[best]}”.`;
  if (overlaps[best] === -1) return `It is the negative of “${names[best]}”, a twin that has the same energy.`;
  const near = overlaps[best] < 0 ? "the negative of " : "";
  return `It was never stored: a spurious state. Nearest: ${near}“${names[best]}”, overlap ${Math.abs(overlaps[best]).toFixed(2)}.`;
}

if (typeof module !== "undefined") module.exports = { network, spins, text, choice, descend, verdict };
