// Networks of spins as Python sends them: energy(x), and gain(x, i) = energy with spin i down minus energy with it up.

const TIE = 1e-9; // as in networks/base.py: differences below this move no unit

function withCouplings(spec) {
  const n = spec.n;
  const J = new Float64Array(n * n);
  const raw = atob(spec.upper);
  const bytes = new DataView(Uint8Array.from(raw, (c) => c.charCodeAt(0)).buffer);
  let k = 0;
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++, k++) J[i * n + j] = J[j * n + i] = bytes.getFloat64(8 * k, true);
  const field = (x, i) => {
    let h = 0;
    for (let j = 0; j < n; j++) h += J[i * n + j] * x[j];
    return h;
  };
  return { n, energy: (x) => -0.5 * x.reduce((sum, xi, i) => sum + xi * field(x, i), 0), gain: (x, i) => 2 * field(x, i) };
}

function withSeparation(spec) {
  const memories = spec.memories.map(spins);
  const n = memories[0].length;
  const agreeing = (x) => memories.map((m) => m.reduce((sum, mi, i) => sum + (mi === x[i] ? 1 : 0), 0));
  const total = (counts) => {
    if (spec.beta === undefined) // -N/k sum (o/N)^k with the overlap o = 2 m - N
      return (-n / spec.degree) * counts.reduce((sum, m) => sum + ((2 * m - n) / n) ** spec.degree, 0);
    const top = Math.max(...counts); // -1/beta log sum exp(beta m)
    return -top - Math.log(counts.reduce((sum, m) => sum + Math.exp(spec.beta * (m - top)), 0)) / spec.beta;
  };
  const gain = (x, i) => {
    const others = agreeing(x).map((m, k) => m - (memories[k][i] === x[i] ? 1 : 0));
    const put = (s) => total(others.map((m, k) => m + (memories[k][i] === s ? 1 : 0)));
    return put(-1) - put(1);
  };
  return { n, energy: (x) => total(agreeing(x)), gain };
}

const network = (spec) => (spec.upper === undefined ? withSeparation(spec) : withCouplings(spec));
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
