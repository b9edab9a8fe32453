"""The cases of `cases.plr` in JAX, the best way we know on a processor: one compiled function that scans over minibatches,
with what a presentation does not change computed once, and the loops of relaxations left to the compiler.
"""

import time
from functools import partial

import jax
import jax.numpy as jnp


def clip(a):
    return jnp.clip(a, 0, 1)


def feed(p, x, t, lr, back):
    w1, w2, w3 = p["W/input->h1"], p["W/h1->h2"], p["W/h2->output"]
    a1 = x @ w1.T + p["b/h1"]
    x1 = jax.nn.relu(a1)
    a2 = x1 @ w2.T + p["b/h2"]
    x2 = jax.nn.relu(a2)
    d3 = t - (x2 @ w3.T + p["b/output"])
    b2, b3 = back(p)
    d2 = (a2 > 0) * (d3 @ b3)
    d1 = (a1 > 0) * (d2 @ b2)
    new, rate = dict(p), lr / len(x)
    for d, pre, w, b in ((d1, x, "W/input->h1", "b/h1"), (d2, x1, "W/h1->h2", "b/h2"), (d3, x2, "W/h2->output", "b/output")):
        new[w] = p[w] + (rate * d).T @ pre
        new[b] = p[b] + rate * d.sum(0)
    return new


def backprop(p, x, t):
    return feed(p, x, t, 0.01, lambda p: (p["W/h1->h2"], p["W/h2->output"]))


def feedback_alignment(p, x, t):
    return feed(p, x, t, 0.001, lambda p: (p["B/h2->h1"].T, p["B/output->h2"].T))


def ep_one_hidden(p, x, t, beta=0.5, free=20, nudged=4, lr=0.05):
    w1, w2, b1, b2 = p["W/input->h1"], p["W/h1->output"], p["b/h1"], p["b/output"]
    drive = x @ w1.T + b1

    def step(nudge, _, s):
        return clip(drive + s[1] @ w2), clip(s[0] @ w2.T + b2 + nudge * (t - s[1]))

    zero = jnp.zeros((len(x), len(b1))), jnp.zeros((len(x), len(b2)))
    f1, f2 = jax.lax.fori_loop(0, free, partial(step, 0.0), zero)
    s1, s2 = jax.lax.fori_loop(0, nudged, partial(step, beta), (f1, f2))
    c = lr / beta / len(x)
    return {
        "W/input->h1": w1 + (c * (s1 - f1)).T @ x,
        "W/h1->output": w2 + c * (s2.T @ s1 - f2.T @ f1),
        "b/h1": b1 + c * (s1 - f1).sum(0),
        "b/output": b2 + c * (s2 - f2).sum(0),
    }


def ep_two_hidden(p, x, t, beta=0.5, free=30, nudged=10, lr=0.05):
    w1, w2, w3 = p["W/input->h1"], p["W/h1->h2"], p["W/h2->output"]
    b1, b2, b3 = p["b/h1"], p["b/h2"], p["b/output"]
    drive = x @ w1.T + b1

    def step(nudge, _, s):
        s1, s2, s3 = s
        top = s2 @ w3.T + b3 + nudge * (t - s3)
        return clip(drive + s2 @ w2), clip(s1 @ w2.T + s3 @ w3 + b2), clip(top)

    zero = tuple(jnp.zeros((len(x), len(b))) for b in (b1, b2, b3))
    f1, f2, f3 = free_state = jax.lax.fori_loop(0, free, partial(step, 0.0), zero)
    s1, s2, s3 = jax.lax.fori_loop(0, nudged, partial(step, beta), free_state)
    c = lr / beta / len(x)
    return {
        "W/input->h1": w1 + (c * (s1 - f1)).T @ x,
        "W/h1->h2": w2 + c * (s2.T @ s1 - f2.T @ f1),
        "W/h2->output": w3 + c * (s3.T @ s2 - f3.T @ f2),
        "b/h1": b1 + c * (s1 - f1).sum(0),
        "b/h2": b2 + c * (s2 - f2).sum(0),
        "b/output": b3 + c * (s3 - f3).sum(0),
    }


def predictive_coding(p, x, t, gamma=0.1, steps=20, lr=0.005):
    w1, w2, w3 = p["W/input->h1"], p["W/h1->h2"], p["W/h2->output"]
    b1, b2, b3 = p["b/h1"], p["b/h2"], p["b/output"]
    mu1 = x @ w1.T + b1

    def errors(x1, x2):
        f1, f2 = jnp.tanh(x1), jnp.tanh(x2)
        return f1, f2, x1 - mu1, x2 - (f1 @ w2.T + b2), t - (f2 @ w3.T + b3)

    def step(_, s):
        x1, x2 = s
        f1, f2, e1, e2, e3 = errors(x1, x2)
        return x1 + gamma * ((1 - f1 * f1) * (e2 @ w2) - e1), x2 + gamma * ((1 - f2 * f2) * (e3 @ w3) - e2)

    x1, x2 = jax.lax.fori_loop(0, steps, step, (mu1, jnp.tanh(mu1) @ w2.T + b2))
    f1, f2, e1, e2, e3 = errors(x1, x2)
    c = lr / len(x)
    return {
        "W/input->h1": w1 + c * e1.T @ x,
        "W/h1->h2": w2 + c * e2.T @ f1,
        "W/h2->output": w3 + c * e3.T @ f2,
        "b/h1": b1 + c * e1.sum(0),
        "b/h2": b2 + c * e2.sum(0),
        "b/output": b3 + c * e3.sum(0),
    }


def oja(p, x, t, lr=0.001):
    w, v = p["W/input->output"], x[0]
    y = w @ v
    return {"W/input->output": w + (lr * y)[:, None] * (v - y[:, None] * w)}


def sanger(p, x, t, lr=0.001):
    w, v = p["W/input->output"], x[0]
    y = w @ v
    return {"W/input->output": w + (lr * y)[:, None] * (v - jnp.cumsum(y[:, None] * w, axis=0))}


UPDATES = {
    f.__name__: f
    for f in (backprop, feedback_alignment, ep_one_hidden, ep_two_hidden, predictive_coding, oja, sanger)
}


def train(case, arrays, data, target, count):
    """The parameters after `count` minibatches, seconds for all of them, and seconds of compilation."""
    step = UPDATES[case]

    @partial(jax.jit, static_argnums=3)
    def scan(p, data, target, count):
        def one(p, i):
            return step(p, data[i % len(data)], target[i % len(data)]), None

        return jax.lax.scan(one, p, jnp.arange(count))[0]

    p, data, target = jax.device_put((arrays, data, target))
    start = time.perf_counter()
    compiled = scan.lower(p, data, target, count).compile()
    between = time.perf_counter()
    p = jax.block_until_ready(compiled(p, data, target))
    return p, time.perf_counter() - between, between - start
