"""The cases of `cases.plr` in JAX, the best way we know on a processor: one compiled function that scans over minibatches,
with what a presentation does not change computed once, and the loops of relaxations left to the compiler. Of rules without a
relaxation it makes the best by itself: their equations are those as written.
"""

import time
from functools import partial

import jax
import jax.numpy as jnp
import plain


def after(rule):
    """The parameters after an update by a rule of `plain`."""
    return lambda p, x, t: p | {name: p[name] + change for name, change in rule(p, x, t)}


def clip(a):
    return jnp.clip(a, 0, 1)


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


def ep_convolutions(p, x, t, beta=0.5, free=30, nudged=10, lr=0.05):
    """Channels last. What the kernel's places see is written out for the way up, and its taps are products of their own on
    the way down: here both are faster than `lax.conv`."""
    w1, w2, w3 = p["W/input->h1"], p["W/h1->h2"], p["W/h2->output"]
    b1, b2, b3 = p["b/h1"], p["b/h2"], p["b/output"]
    n, taps = len(x), [(i, j) for i in range(5) for j in range(5)]

    def see(low):
        h, w = (extent - 4 for extent in low.shape[1:3])
        return jnp.concatenate([low[:, i : i + h, j : j + w] for i, j in taps], 3).reshape(n * h * w, -1)

    def rows(kernel):
        """A kernel as a matrix with a row for each tap of each channel."""
        return kernel.transpose(2, 3, 1, 0).reshape(-1, len(kernel))

    def kernel(rows, like):
        return rows.reshape(5, 5, like.shape[1], len(like)).transpose(3, 2, 0, 1)

    m1, m2 = rows(w1), rows(w2)
    m2_taps = m2.reshape(25, len(b1), len(b2))
    to_top = w3.reshape(10, len(b2), 4, 4).transpose(0, 2, 3, 1).reshape(10, -1)

    def down(high):
        flat, low = high.reshape(-1, len(b2)), jnp.zeros((n, 12, 12, len(b1)))
        for (i, j), tap in zip(taps, m2_taps):
            low = low.at[:, i : i + 8, j : j + 8].add((flat @ tap.T).reshape(n, 8, 8, -1))
        return low

    def pool(low):
        _, h, w, c = low.shape
        return low.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))

    def unpool(high):
        _, h, w, c = high.shape
        return jnp.broadcast_to(high[:, :, None, :, None] / 4, (n, h, 2, w, 2, c)).reshape(n, 2 * h, 2 * w, c)

    image = see(x.reshape(n, 28, 28, 1))
    drive = (image @ m1 + b1).reshape(n, 24, 24, -1)

    def step(nudge, _, s):
        s1, s2, s3 = s
        top = pool(s2).reshape(n, -1) @ to_top.T + b3 + nudge * (t - s3)
        middle = (see(pool(s1)) @ m2).reshape(n, 8, 8, -1) + unpool((s3 @ to_top).reshape(n, 4, 4, -1)) + b2
        return clip(drive + unpool(down(s2))), clip(middle), clip(top)

    zero = jnp.zeros_like(drive), jnp.zeros((n, 8, 8, len(b2))), jnp.zeros((n, len(b3)))
    f1, f2, f3 = free_state = jax.lax.fori_loop(0, free, partial(step, 0.0), zero)
    s1, s2, s3 = jax.lax.fori_loop(0, nudged, partial(step, beta), free_state)
    c = lr / beta / n
    d1 = (s1 - f1).reshape(n * 576, -1)
    d2 = see(pool(s1)).T @ s2.reshape(n * 64, -1) - see(pool(f1)).T @ f2.reshape(n * 64, -1)
    d3 = s3.T @ pool(s2).reshape(n, -1) - f3.T @ pool(f2).reshape(n, -1)
    return {
        "W/input->h1": w1 + c * kernel(image.T @ d1, w1),
        "W/h1->h2": w2 + c * kernel(d2, w2),
        "W/h2->output": w3 + c * d3.reshape(10, 4, 4, -1).transpose(0, 3, 1, 2).reshape(10, -1),
        "b/h1": b1 + c * d1.sum(0),
        "b/h2": b2 + c * (s2 - f2).sum((0, 1, 2)),
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


UPDATES = {f.__name__: f for f in (ep_one_hidden, ep_two_hidden, ep_convolutions, predictive_coding)}
UPDATES |= {f.__name__: after(f) for f in (plain.backprop, plain.feedback_alignment, plain.oja, plain.sanger)}


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
