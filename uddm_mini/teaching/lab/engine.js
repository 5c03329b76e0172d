// Language diffusion in a page: a checkpoint of `uddm_mini.save`, and the two perfect denoisers, answer as in Python.
//
// A text x is an array of L word ids. A level t lies between 0 (clean) and 1 (noise). Logarithms are natural (nats).
//
//   loadModel(bytes)                  a denoiser from the bytes of a .safetensors file (bytesOf(base64) where it is inlined)
//   memorizer(sentences, noise)       the optimum on a finite set of sentences (sentencesOf(base64, L) where inlined)
//   population(language, noise)       the optimum on the whole language, by forward-backward
//   denoiser.answer(xt, t)            log p0 in its own form (denoiser.predicts): L arrays of V numbers
//   denoiser.answer(xt, t, watch)     the same of a network with attention; watch(place, head, shares) sees how a place shares its
//                                     attention, L numbers in every block, and the network goes on with what it leaves in them
//   ask(denoiser, xt, t, form)        the same as form: "cavity" (a word has no say about itself) or "posterior"
//   forms(denoiser, xt, t)            {cavity, posterior}, asked once
//   step(denoiser, xt, s, t, random)  one draw of the reverse process, from level t to an earlier s
//   entropy(logP)  best(logP)  recovery(x0, xt, guess)
//   denoiser.noise: alpha(t), timeOf(alpha), levelOf(changed), corrupt(x0, t, random), convert(...), reverse(...)
//   randomNumbers(seed)               the only source of chance: a function that returns numbers in [0, 1)
//
// It is an ES module. Where a page must open from the disk, `script` in live.py puts the same lines into the page, and its
// exports are the members of `engine`: engine.loadModel(bytes).

const LEAST_NOISE = 1e-6; // as in noise/base.py: a smaller 1 - alpha counts as this
const OUTPUT_SCALE = 8; // as in models/transformer.py
const REACH = 3; // as in models/blocks.py
const NORM_EPSILON = 1e-5; // of PyTorch's LayerNorm

// --- numbers -----------------------------------------------------------------------------------------------------------

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
}

// Sentences of `length` words, one byte each, as arrays of ids.
export function sentencesOf(base64, length) {
  const ids = Array.from(new Uint8Array(bytesOf(base64)));
  return Array.from({ length: ids.length / length }, (_, i) => ids.slice(i * length, (i + 1) * length));
}

// mulberry32, so that a seed is the same walk on every machine
export function randomNumbers(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function logSumExp(z) {
  let top = -Infinity, sum = 0;
  for (let i = 0; i < z.length; i++) if (z[i] > top) top = z[i];
  if (top === -Infinity) return top;
  for (let i = 0; i < z.length; i++) sum += Math.exp(z[i] - top);
  return top + Math.log(sum);
}

export function logSoftmax(z) {
  const total = logSumExp(z), out = new Float64Array(z.length);
  for (let i = 0; i < z.length; i++) out[i] = z[i] - total;
  return out;
}

// Nats: how unsure a prediction is.
export function entropy(logP) {
  let sum = 0;
  for (let i = 0; i < logP.length; i++) if (logP[i] > -Infinity) sum -= Math.exp(logP[i]) * logP[i];
  return sum;
}

// The id of the most probable word; of equal ones the first.
export function best(logP) {
  let top = 0;
  for (let i = 1; i < logP.length; i++) if (logP[i] > logP[top]) top = i;
  return top;
}

export function draw(probs, random) {
  let total = 0;
  for (const p of probs) total += p;
  let left = random() * total, last = 0;
  for (let i = 0; i < probs.length; i++) {
    if (probs[i] <= 0) continue;
    if (left < probs[i]) return i;
    left -= probs[i];
    last = i;
  }
  return last;
}

// Of the words that noise changed, how many came back; of the others, how many were broken.
export function recovery(x0, xt, guess) {
  const found = { changed: 0, recovered: 0, intact: 0, broken: 0 };
  x0.forEach((word, l) => {
    const right = guess[l] === word;
    if (xt[l] === word) {
      found.intact++;
      if (!right) found.broken++;
    } else {
      found.changed++;
      if (right) found.recovered++;
    }
  });
  return found;
}

// --- noise -------------------------------------------------------------------------------------------------------------

const SCHEDULES = {
  linear: (e) => ({ alpha: (t) => 1 - (1 - e) * t, inverse: (a) => (1 - a) / (1 - e) }),
  cosine: (e) => ({
    alpha: (t) => e + (1 - e) * Math.cos((Math.PI / 2) * t) ** 2,
    inverse: (a) => (Math.acos(Math.sqrt((a - e) / (1 - e))) * 2) / Math.PI,
  }),
  exponential: (e) => ({ alpha: (t) => e ** t, inverse: (a) => Math.log(a) / Math.log(e) }),
};

// Uniform noise: a word is kept with probability alpha(t), else drawn anew from all V words.
export function uniformNoise(vocabSize, schedule = "linear", epsilon = 1e-3) {
  if (!SCHEDULES[schedule]) throw new Error(`There is no schedule “${schedule}” here; use one of ${Object.keys(SCHEDULES).join(", ")}.`);
  const V = vocabSize, { alpha, inverse } = SCHEDULES[schedule](epsilon);
  const timeOf = (a) => Math.min(1, Math.max(0, inverse(Math.min(1, Math.max(epsilon, a)))));

  // the level at which this share of the words is expected to differ from the clean text
  const levelOf = (changed) => timeOf(1 - (changed * V) / (V - 1));

  // by how many nats a word that stands there raises its own log-odds
  function ownLogOdds(t) {
    const a = Math.min(alpha(t), 1 - LEAST_NOISE);
    return Math.log1p((a * V) / (1 - a));
  }
  function corrupt(x0, t, random) {
    return x0.map((word) => (random() < alpha(t) ? word : Math.floor(random() * V)));
  }
  function convert(logP, xt, t, given, wanted) {
    if (given === wanted) return logP;
    const shift = wanted === "posterior" ? ownLogOdds(t) : -ownLogOdds(t);
    return logP.map((row, l) => {
      const raised = row.slice();
      raised[xt[l]] += shift;
      return logSoftmax(raised);
    });
  }
  // q(x_s | x_t, x_0 := p0), probabilities, from the cavity form of log p0; 0 <= s < t
  function reverse(logP, xt, s, t) {
    if (!(s >= 0 && s < t && t <= 1)) throw new Error(`A reverse step goes from t to an earlier s, but t is ${t} and s is ${s}.`);
    const atS = alpha(s), survives = alpha(t) / atS, redraw = (atS - alpha(t)) / atS;
    return logP.map((row, l) => {
      const weights = row.map((v, word) => {
        const here = atS * Math.exp(v) + (1 - atS) / V;
        return here * (redraw / V + (word === xt[l] ? survives : 0));
      });
      const total = weights.reduce((sum, w) => sum + w, 0);
      return weights.map((w) => w / total);
    });
  }
  return { vocabSize: V, alpha, timeOf, levelOf, ownLogOdds, corrupt, convert, reverse };
}

// --- asking a denoiser -------------------------------------------------------------------------------------------------

export function ask(denoiser, xt, t, form) {
  return denoiser.noise.convert(denoiser.answer(xt, t), xt, t, denoiser.predicts, form);
}

// Both forms of one answer.
export function forms(denoiser, xt, t) {
  const given = denoiser.predicts, wanted = given === "cavity" ? "posterior" : "cavity", log = denoiser.answer(xt, t);
  return { [given]: log, [wanted]: denoiser.noise.convert(log, xt, t, given, wanted) };
}

export function step(denoiser, xt, s, t, random) {
  const probs = denoiser.noise.reverse(ask(denoiser, xt, t, "cavity"), xt, s, t);
  return probs.map((row) => draw(row, random));
}

function checkedText(xt, length, vocabSize) {
  const sound = xt.length === length && xt.every((word) => Number.isInteger(word) && word >= 0 && word < vocabSize);
  if (!sound) throw new Error(`A text here is ${length} word ids from 0 to ${vocabSize - 1}, but it is [${xt}].`);
}

// --- the perfect denoisers ---------------------------------------------------------------------------------------------

// The exact posterior where the clean text is one of these sentences: softmax(beta overlap), a dense associative memory.
export function memorizer(sentences, noise) {
  if (!sentences.length) throw new Error("A memory needs at least one sentence.");
  const V = noise.vocabSize, length = sentences[0].length;
  const stored = Uint16Array.from(sentences.flat()), n = sentences.length, overlap = new Uint16Array(n);
  function answer(xt, t) {
    checkedText(xt, length, V);
    const beta = noise.ownLogOdds(t), size = length * V;
    const top = new Int32Array(size).fill(-1), mass = new Float64Array(size); // for each place and word
    for (let i = 0, at = 0; i < n; i++, at += length) {
      overlap[i] = 0;
      for (let l = 0; l < length; l++) if (stored[at + l] === xt[l]) overlap[i]++;
      for (let l = 0; l < length; l++) {
        const key = l * V + stored[at + l];
        if (overlap[i] > top[key]) top[key] = overlap[i];
      }
    }
    // relative to the nearest sentence with the same word there: nothing is too small for a float64
    const weight = Float64Array.from({ length: length + 1 }, (_, k) => Math.exp(-beta * k));
    for (let i = 0, at = 0; i < n; i++, at += length)
      for (let l = 0; l < length; l++) {
        const key = l * V + stored[at + l];
        mass[key] += weight[top[key] - overlap[i]];
      }
    const log = mass.map((m, key) => (m ? beta * top[key] + Math.log(m) : -Infinity));
    return xt.map((_, l) => logSoftmax(log.subarray(l * V, (l + 1) * V)));
  }
  return { noise, length, predicts: "posterior", answer };
}

// The exact cavity posterior of a finite-state language. language: for each position its arcs {src, dst, word, prob} and
// the number of `states` behind it; the automaton starts and ends in state 0.
export function population(language, noise) {
  const V = noise.vocabSize, length = language.length;

  function messages(xt, t) {
    const low = Math.max(1 - noise.alpha(t), LEAST_NOISE) / V, high = 1 - V * low + low;
    const weights = language.map((arcs, l) => arcs.prob.map((p, i) => p * (arcs.word[i] === xt[l] ? high : low)));
    const backward = [Float64Array.of(1)];
    for (let l = length - 1; l > 0; l--) {
      const message = new Float64Array(language[l - 1].states), { src, dst } = language[l];
      src.forEach((from, i) => { message[from] += weights[l][i] * backward[0][dst[i]]; });
      backward.unshift(normalized(message));
    }
    return { weights, backward };
  }
  function answer(xt, t) {
    checkedText(xt, length, V);
    const { weights, backward } = messages(xt, t);
    let forward = Float64Array.of(1);
    return language.map((arcs, l) => {
      const { src, dst, word, prob } = arcs, out = new Float64Array(V), next = new Float64Array(arcs.states);
      src.forEach((from, i) => {
        out[word[i]] += forward[from] * prob[i] * backward[l][dst[i]];
        next[dst[i]] += forward[from] * weights[l][i];
      });
      forward = normalized(next);
      return normalized(out).map(Math.log);
    });
  }
  // log p(x) of a sentence; -Infinity if the language cannot say it
  function logProb(x) {
    let log = 0, forward = Float64Array.of(1);
    for (let l = 0; l < length; l++) {
      const { src, dst, word, prob, states } = language[l], next = new Float64Array(states);
      src.forEach((from, i) => { if (word[i] === x[l]) next[dst[i]] += forward[from] * prob[i]; });
      const total = next.reduce((sum, m) => sum + m, 0);
      if (!total) return -Infinity;
      log += Math.log(total);
      forward = next.map((m) => m / total);
    }
    return log;
  }
  return { noise, length, predicts: "cavity", answer, logProb };
}

function normalized(mass) {
  const total = mass.reduce((sum, m) => sum + m, 0);
  return mass.map((m) => m / total);
}

// --- the network -------------------------------------------------------------------------------------------------------

// The tensors of a .safetensors file, by name, {shape, values}, and its metadata.
export function readSafetensors(bytes) {
  const size = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, size)));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = data_offsets.map((offset) => 8 + size + offset);
    if (dtype !== "F32") throw new Error(`The tensor ${name} is ${dtype}; only float32 checkpoints are read here.`);
    tensors[name] = { shape, values: new Float32Array(bytes.slice(from, to)) };
  }
  return { tensors, metadata: header.__metadata__ || {} };
}

export function loadModel(bytes) {
  const { tensors, metadata } = readSafetensors(bytes), about = JSON.parse(metadata.uddm_mini || "{}");
  if (about.format !== "uddm_mini-2") throw new Error("This file was not written by uddm_mini.save.");
  if (about.noise.noise !== "uniform") throw new Error(`Pages run models of uniform noise; this one undoes ${about.noise.noise} noise.`);
  const noise = uniformNoise(about.vocab_size, about.noise.schedule, about.noise.epsilon);
  const { length, words, training } = about, shape = { width: about.model.width, heads: about.model.heads };
  const tensor = (name) => tensors[name].values;
  const mixing = about.model.mixing === "convolution" ? convolved : attended;
  const blocks = Array.from({ length: about.model.depth }, (_, d) => blockOf(tensors, `blocks.${d}.`, shape, mixing));
  const layer = (name) => layerOf(tensors, name);
  const [time0, time2, norm, head] = [layer("time.0"), layer("time.2"), layer("norm"), layer("head")];
  const token = tensor("token.weight"), position = tensor("position"), W = shape.width, tMax = training.t_max ?? 1;

  function answer(xt, t, watch) {
    checkedText(xt, length, noise.vocabSize);
    t = Math.min(t, tMax);
    const level = Float64Array.of(t, Math.log(t + 1e-3) / 5, Math.cos(Math.PI * t));
    const time = linear(rectified(linear(level, time0)), time2);
    let h = xt.map((word, l) => time.map((v, i) => v + token[word * W + i] + position[l * W + i]));
    for (const block of blocks) h = block(h, watch);
    return h.map((x) => logSoftmax(linear(standardized(x, norm), head).map((z) => OUTPUT_SCALE * z)));
  }
  return { noise, length, words, predicts: about.predicts, nTrain: training.n_train, answer };
}

const layerOf = (tensors, name) => ({ weight: tensors[`${name}.weight`].values, bias: tensors[`${name}.bias`].values });

// A pre-norm layer: h + out(mixed(h)), then h + down(relu(up(h))).
function blockOf(tensors, prefix, shape, mixing) {
  const layer = (name) => layerOf(tensors, prefix + name);
  const [norm2, out, up, down] = ["norm2", "out", "up", "down"].map(layer);
  const mixed = mixing(tensors, prefix, shape);
  return (h, watch) => {
    const taken = mixed(h, watch);
    return h.map((x, l) => {
      const y = sum(x, linear(taken[l], out));
      return sum(y, linear(rectified(linear(standardized(y, norm2), up)), down));
    });
  };
}

// Attention of every position to all, with a bias for every distance if the model has one.
function attended(tensors, prefix, { width, heads }) {
  const norm1 = layerOf(tensors, prefix + "norm1"), qkv = layerOf(tensors, prefix + "qkv"), size = width / heads;
  const bias = tensors[prefix + "distance_bias"]; // [heads, 2 L - 1]
  return (h, watch) => {
    const rows = h.map((x) => linear(standardized(x, norm1), qkv)), L = h.length, scores = new Float64Array(L);
    return rows.map((query, l) => {
      const out = new Float64Array(width);
      for (let a = 0, from = 0; a < heads; a++, from += size) {
        for (let m = 0; m < L; m++) {
          const key = rows[m];
          let dot = 0;
          for (let i = from; i < from + size; i++) dot += query[i] * key[width + i];
          scores[m] = dot / Math.sqrt(size) + (bias ? bias.values[a * (2 * L - 1) + m - l + L - 1] : 0);
        }
        const total = logSumExp(scores), shares = scores.map((z) => Math.exp(z - total));
        if (watch) watch(l, a, shares);
        for (let m = 0; m < L; m++) {
          const weight = shares[m], value = rows[m];
          for (let i = from; i < from + size; i++) out[i] += weight * value[2 * width + i];
        }
      }
      return out;
    });
  };
}

// No attention: what stands up to REACH places away, zeros beyond the ends.
function convolved(tensors, prefix, { width }) {
  const norm1 = layerOf(tensors, prefix + "norm1"), near = layerOf(tensors, prefix + "near"), span = 2 * REACH + 1;
  return (h) => {
    const normed = h.map((x) => standardized(x, norm1));
    return normed.map((_, l) => {
      const around = new Float64Array(width * span);
      for (let k = 0; k < span; k++) {
        const x = normed[l + k - REACH];
        if (x) for (let i = 0; i < width; i++) around[i * span + k] = x[i];
      }
      return rectified(linear(around, near));
    });
  };
}

function linear(x, { weight, bias }) { // weight [out, in]
  const out = new Float64Array(bias.length), n = x.length, fours = n - (n % 4);
  for (let i = 0, w = 0; i < out.length; i++) {
    let a = bias[i], b = 0, c = 0, d = 0, j = 0; // four sums at a time: most of the work of a model is here
    for (; j < fours; j += 4, w += 4) {
      a += weight[w] * x[j];
      b += weight[w + 1] * x[j + 1];
      c += weight[w + 2] * x[j + 2];
      d += weight[w + 3] * x[j + 3];
    }
    for (; j < n; j++, w++) a += weight[w] * x[j];
    out[i] = a + b + c + d;
  }
  return out;
}

function standardized(x, { weight, bias }) { // LayerNorm
  const n = x.length, out = new Float64Array(n);
  let mean = 0, variance = 0;
  for (let i = 0; i < n; i++) mean += x[i] / n;
  for (let i = 0; i < n; i++) variance += (x[i] - mean) ** 2 / n;
  const scale = 1 / Math.sqrt(variance + NORM_EPSILON);
  for (let i = 0; i < n; i++) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
  return out;
}

const rectified = (x) => x.map((v) => (v > 0 ? v : 0));
const sum = (x, y) => x.map((v, i) => v + y[i]);
