"""The cases of `cases.plr` written by hand in NumPy, as fast as we know how: products of clamped inputs are computed once
for each presentation, and the contrasts of equilibrium propagation share the products that they have in common. Backpropagation,
feedback alignment and Sanger's rule have no better way than as written.

Every function takes the parameters (a dictionary, changed in place) and one minibatch; weights are `[post, pre]`.
"""

import numpy as np
import plain


def clip(a):
    return np.clip(a, 0, 1, out=a)


def ep_one_hidden(p, x, t, beta=0.5, free=20, nudged=4, lr=0.05):
    w1, w2, b1, b2 = p["W/input->h1"], p["W/h1->output"], p["b/h1"], p["b/output"]
    real = x.dtype.type
    drive = x @ w1.T + b1
    s1, s2 = np.zeros((len(x), len(b1)), x.dtype), np.zeros((len(x), len(b2)), x.dtype)
    for _ in range(free):
        s1, s2 = clip(drive + s2 @ w2), clip(s1 @ w2.T + b2)
    f1, f2 = s1, s2
    for _ in range(nudged):
        s1, s2 = clip(drive + s2 @ w2), clip(s1 @ w2.T + b2 + real(beta) * (t - s2))
    c = real(lr / beta / len(x))
    d1 = c * (s1 - f1)
    w1 += d1.T @ x
    w2 += c * (s2.T @ s1 - f2.T @ f1)
    b1 += d1.sum(0)
    b2 += c * (s2 - f2).sum(0)


def ep_two_hidden(p, x, t, beta=0.5, free=30, nudged=10, lr=0.05):
    w1, w2, w3 = p["W/input->h1"], p["W/h1->h2"], p["W/h2->output"]
    b1, b2, b3 = p["b/h1"], p["b/h2"], p["b/output"]
    real = x.dtype.type
    drive = x @ w1.T + b1
    s1, s2, s3 = (np.zeros((len(x), len(b)), x.dtype) for b in (b1, b2, b3))
    for _ in range(free):
        s1, s2, s3 = clip(drive + s2 @ w2), clip(s1 @ w2.T + s3 @ w3 + b2), clip(s2 @ w3.T + b3)
    f1, f2, f3 = s1, s2, s3
    for _ in range(nudged):
        nudge = real(beta) * (t - s3)
        s1, s2, s3 = clip(drive + s2 @ w2), clip(s1 @ w2.T + s3 @ w3 + b2), clip(s2 @ w3.T + b3 + nudge)
    c = real(lr / beta / len(x))
    d1 = c * (s1 - f1)
    w1 += d1.T @ x
    w2 += c * (s2.T @ s1 - f2.T @ f1)
    w3 += c * (s3.T @ s2 - f3.T @ f2)
    b1 += d1.sum(0)
    b2 += c * (s2 - f2).sum(0)
    b3 += c * (s3 - f3).sum(0)


def see(low, k):
    """What each place of a kernel sees, one row a place: [samples, rows, columns, channels * k * k]."""
    windows = np.lib.stride_tricks.sliding_window_view(low, (k, k), (2, 3))
    return np.ascontiguousarray(windows.transpose(0, 2, 3, 1, 4, 5)).reshape(*windows.shape[:1], *windows.shape[2:4], -1)


def unsee(seen, channels, k):
    """The adjoint of `see`: everyone who sees a unit adds to it."""
    n, h, w, _ = seen.shape
    seen = seen.reshape(n, h, w, channels, k, k).transpose(4, 5, 0, 3, 1, 2)
    low = np.zeros((n, channels, h + k - 1, w + k - 1), seen.dtype)
    for i in range(k):
        for j in range(k):
            low[:, :, i : i + h, j : j + w] += seen[i, j]
    return low


def pool(low):
    return (low[:, :, ::2, ::2] + low[:, :, ::2, 1::2] + low[:, :, 1::2, ::2] + low[:, :, 1::2, 1::2]) * low.dtype.type(0.25)


def unpool(high):
    return np.repeat(np.repeat(high * high.dtype.type(0.25), 2, 2), 2, 3)


def units(rows):
    """From one row a place to channels first."""
    return np.ascontiguousarray(rows.transpose(0, 3, 1, 2))


def places(units):
    return np.ascontiguousarray(units.transpose(0, 2, 3, 1))


def of_kernel(high, seen):
    return np.tensordot(places(high), seen, ((0, 1, 2), (0, 1, 2)))


def ep_convolutions(p, x, t, beta=0.5, free=30, nudged=10, lr=0.05):
    w1, w2, w3 = p["W/input->h1"], p["W/h1->h2"], p["W/h2->output"]
    b1, b2, b3 = p["b/h1"], p["b/h2"], p["b/output"]
    real, n = x.dtype.type, len(x)
    m1, m2 = (w.reshape(len(w), -1) for w in (w1, w2))

    image = see(x.reshape(-1, 1, 28, 28), 5)
    drive = units(image @ m1.T + b1)
    s1, s2, s3 = np.zeros_like(drive), np.zeros((n, len(b2), 8, 8), x.dtype), np.zeros((n, len(b3)), x.dtype)

    def step(s1, s2, s3, nudge):
        up = units(see(pool(s1), 5) @ m2.T + b2)
        down = unsee(places(s2) @ m2, len(b1), 5)
        top = pool(s2).reshape(n, -1) @ w3.T + b3 + nudge
        up += unpool((s3 @ w3).reshape(n, -1, 4, 4))
        return clip(drive + unpool(down)), clip(up), clip(top)

    for _ in range(free):
        s1, s2, s3 = step(s1, s2, s3, real(0))
    f1, f2, f3 = s1, s2, s3
    for _ in range(nudged):
        s1, s2, s3 = step(s1, s2, s3, real(beta) * (t - s3))
    c = real(lr / beta / n)
    m1 += c * of_kernel(s1 - f1, image)
    m2 += c * (of_kernel(s2, see(pool(s1), 5)) - of_kernel(f2, see(pool(f1), 5)))
    w3 += c * (s3.T @ pool(s2).reshape(n, -1) - f3.T @ pool(f2).reshape(n, -1))
    b1 += c * (s1 - f1).sum((0, 2, 3))
    b2 += c * (s2 - f2).sum((0, 2, 3))
    b3 += c * (s3 - f3).sum(0)


def predictive_coding(p, x, t, gamma=0.1, steps=20, lr=0.005):
    w1, w2, w3 = p["W/input->h1"], p["W/h1->h2"], p["W/h2->output"]
    b1, b2, b3 = p["b/h1"], p["b/h2"], p["b/output"]
    real = x.dtype.type
    mu1 = x @ w1.T + b1
    x1 = mu1.copy()
    f1 = np.tanh(x1)
    x2 = f1 @ w2.T + b2
    f2 = np.tanh(x2)
    e1 = np.zeros_like(x1)
    e2 = np.zeros_like(x2)
    e3 = t - (f2 @ w3.T + b3)
    for _ in range(steps):
        x1 += real(gamma) * ((1 - f1 * f1) * (e2 @ w2) - e1)
        x2 += real(gamma) * ((1 - f2 * f2) * (e3 @ w3) - e2)
        f1, f2 = np.tanh(x1), np.tanh(x2)
        e1 = x1 - mu1
        e2 = x2 - (f1 @ w2.T + b2)
        e3 = t - (f2 @ w3.T + b3)
    c = real(lr / len(x))
    for e, pre, w, b in ((e1, x, w1, b1), (e2, f1, w2, b2), (e3, f2, w3, b3)):
        e *= c
        w += e.T @ pre
        b += e.sum(0)


def oja(p, x, t, lr=0.001):
    w = p["W/input->output"]
    v = x[0]
    y = w @ v
    ly = w.dtype.type(lr) * y
    w *= (1 - ly * y)[:, None]
    w += ly[:, None] * v


UPDATES = {f.__name__: f for f in (ep_one_hidden, ep_two_hidden, ep_convolutions, predictive_coding, oja)}
UPDATES |= {f.__name__: plain.in_place(f) for f in (plain.backprop, plain.feedback_alignment, plain.sanger)}
