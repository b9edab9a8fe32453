"""The cases of `cases.plr` in PyTorch without automatic differentiation: weights are updated where they are, a product and what is
added to it are one call, and what a presentation does not change is computed once. Sanger's rule has no better way than as written.
"""

import time
from functools import partial

import plain
import torch
import torch.nn.functional as F


def learn(p, name, post, pre, rate, bias=True):
    """`W += rate * post.T @ pre`, and the bias."""
    p[f"W/{name}"].addmm_(post.T, pre, alpha=rate)
    if bias:
        p[f"b/{name.split('->')[1]}"].add_(post.sum(0), alpha=rate)


def contrast(p, name, ends, rate):
    """The difference of two outer products, as one product of matrices beside each other."""
    (post, pre), (post_before, pre_before) = ends
    p[f"W/{name}"].addmm_(torch.cat((post, -post_before)).T, torch.cat((pre, pre_before)), alpha=rate)
    p[f"b/{name.split('->')[1]}"].add_((post - post_before).sum(0), alpha=rate)


def feed(p, x, t, lr, back):
    a1 = torch.addmm(p["b/h1"], x, p["W/input->h1"].T)
    x1 = a1.relu()
    a2 = torch.addmm(p["b/h2"], x1, p["W/h1->h2"].T)
    x2 = a2.relu()
    d3 = t - torch.addmm(p["b/output"], x2, p["W/h2->output"].T)
    b2, b3 = back(p)
    d2 = (d3 @ b3).mul_(a2 > 0)
    d1 = (d2 @ b2).mul_(a1 > 0)
    for d, pre, name in ((d1, x, "input->h1"), (d2, x1, "h1->h2"), (d3, x2, "h2->output")):
        learn(p, name, d, pre, lr / len(x))


def backprop(p, x, t):
    feed(p, x, t, 0.01, lambda p: (p["W/h1->h2"], p["W/h2->output"]))


def feedback_alignment(p, x, t):
    feed(p, x, t, 0.001, lambda p: (p["B/h2->h1"].T, p["B/output->h2"].T))


def ep_one_hidden(p, x, t, beta=0.5, free=20, nudged=4, lr=0.05):
    w2, b2 = p["W/h1->output"], p["b/output"]
    drive = torch.addmm(p["b/h1"], x, p["W/input->h1"].T)

    def relax(s1, s2, steps, nudge):
        for _ in range(steps):
            top = torch.addmm(b2, s1, w2.T)
            if nudge:
                top += nudge * (t - s2)
            s1, s2 = torch.addmm(drive, s2, w2).clamp_(0, 1), top.clamp_(0, 1)
        return s1, s2

    f1, f2 = relax(torch.zeros_like(drive), torch.zeros_like(t), free, 0)
    s1, s2 = relax(f1, f2, nudged, beta)
    c = lr / beta / len(x)
    learn(p, "input->h1", s1 - f1, x, c)
    contrast(p, "h1->output", ((s2, s1), (f2, f1)), c)


def ep_two_hidden(p, x, t, beta=0.5, free=30, nudged=10, lr=0.05):
    w2, w3, b2, b3 = p["W/h1->h2"], p["W/h2->output"], p["b/h2"], p["b/output"]
    drive = torch.addmm(p["b/h1"], x, p["W/input->h1"].T)

    def relax(s1, s2, s3, steps, nudge):
        for _ in range(steps):
            top = torch.addmm(b3, s2, w3.T)
            if nudge:
                top += nudge * (t - s3)
            middle = torch.addmm(b2, s1, w2.T).addmm_(s3, w3)
            s1, s2, s3 = torch.addmm(drive, s2, w2).clamp_(0, 1), middle.clamp_(0, 1), top.clamp_(0, 1)
        return s1, s2, s3

    zeros = (torch.zeros_like(drive), x.new_zeros(len(x), len(b2)), torch.zeros_like(t))
    f1, f2, f3 = relax(*zeros, free, 0)
    s1, s2, s3 = relax(f1, f2, f3, nudged, beta)
    c = lr / beta / len(x)
    learn(p, "input->h1", s1 - f1, x, c)
    contrast(p, "h1->h2", ((s2, s1), (f2, f1)), c)
    contrast(p, "h2->output", ((s3, s2), (f3, f2)), c)


def pool(low):
    return F.avg_pool2d(low, 2)


def unpool(high):
    return F.interpolate(high, scale_factor=2.0, mode="nearest") / 4


def ep_convolutions(p, x, t, beta=0.5, free=30, nudged=10, lr=0.05):
    w1, w2, w3 = p["W/input->h1"], p["W/h1->h2"], p["W/h2->output"]
    b2, b3 = p["b/h2"], p["b/output"]
    n, image = len(x), x.view(-1, 1, 28, 28)
    drive = F.conv2d(image, w1, p["b/h1"])

    def relax(s1, s2, s3, steps, nudge):
        for _ in range(steps):
            top = torch.addmm(b3, pool(s2).view(n, -1), w3.T)
            if nudge:
                top += nudge * (t - s3)
            middle = F.conv2d(pool(s1), w2, b2) + unpool((s3 @ w3).view(n, -1, 4, 4))
            bottom = drive + unpool(F.conv_transpose2d(s2, w2))
            s1, s2, s3 = bottom.clamp_(0, 1), middle.clamp_(0, 1), top.clamp_(0, 1)
        return s1, s2, s3

    zeros = (torch.zeros_like(drive), x.new_zeros(n, len(b2), 8, 8), torch.zeros_like(t))
    f1, f2, f3 = relax(*zeros, free, 0)
    s1, s2, s3 = relax(f1, f2, f3, nudged, beta)
    c = lr / beta / n
    of_kernel = torch.nn.grad.conv2d_weight
    w2_change = of_kernel(pool(s1), w2.shape, s2) - of_kernel(pool(f1), w2.shape, f2)
    w1.add_(of_kernel(image, w1.shape, s1 - f1), alpha=c)
    w2.add_(w2_change, alpha=c)
    w3.addmm_(s3.T, pool(s2).view(n, -1), alpha=c).addmm_(f3.T, pool(f2).view(n, -1), alpha=-c)
    for bias, after, before, axes in (("h1", s1, f1, (0, 2, 3)), ("h2", s2, f2, (0, 2, 3)), ("output", s3, f3, 0)):
        p[f"b/{bias}"].add_((after - before).sum(axes), alpha=c)


def predictive_coding(p, x, t, gamma=0.1, steps=20, lr=0.005):
    w2, w3, b2, b3 = p["W/h1->h2"], p["W/h2->output"], p["b/h2"], p["b/output"]
    mu1 = torch.addmm(p["b/h1"], x, p["W/input->h1"].T)

    def errors(x1, x2):
        f1, f2 = x1.tanh(), x2.tanh()
        return f1, f2, x1 - mu1, x2 - torch.addmm(b2, f1, w2.T), t - torch.addmm(b3, f2, w3.T)

    x1, x2 = mu1.clone(), torch.addmm(b2, mu1.tanh(), w2.T)
    for _ in range(steps):
        f1, f2, e1, e2, e3 = errors(x1, x2)
        x1 = x1 + gamma * ((1 - f1 * f1) * (e2 @ w2) - e1)
        x2 = x2 + gamma * ((1 - f2 * f2) * (e3 @ w3) - e2)
    f1, f2, e1, e2, e3 = errors(x1, x2)
    for e, pre, name in ((e1, x, "input->h1"), (e2, f1, "h1->h2"), (e3, f2, "h2->output")):
        learn(p, name, e, pre, lr / len(x))


def oja(p, x, t, lr=0.001):
    w, v = p["W/input->output"], x[0]
    y = w @ v
    w.mul_((1 - lr * y * y)[:, None]).addr_(lr * y, v)


UPDATES = {f.__name__: f for f in (backprop, feedback_alignment, ep_one_hidden, ep_two_hidden, ep_convolutions, predictive_coding, oja)}
UPDATES["sanger"] = plain.in_place(plain.sanger)


def prepare(case, p):
    return partial(UPDATES[case], p)


def train(case, arrays, data, target, count, prepare=prepare, gradients=False):
    """The parameters after `count` minibatches, seconds for all of them, and seconds of compilation, a first minibatch included."""
    p, data, target = {name: torch.tensor(a) for name, a in arrays.items()}, torch.tensor(data), torch.tensor(target)
    with torch.set_grad_enabled(gradients):
        step = prepare(case, p)
        start = time.perf_counter()
        step(data[0], target[0])
        compiled = time.perf_counter() - start
        for name, array in arrays.items():
            p[name].copy_(torch.tensor(array))
        start = time.perf_counter()
        for i in range(count):
            step(data[i % len(data)], target[i % len(data)])
        return p, time.perf_counter() - start, compiled
