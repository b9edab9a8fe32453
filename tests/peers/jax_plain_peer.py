"""The rules as written, in JAX: an update of one minibatch is a compiled function, its steps are a loop of the compiler's."""

import time

import jax
import jax.numpy as jnp
import plain
from jax_peer import after


def convolve(low, kernel):
    return jax.lax.conv(low, kernel, (1, 1), "VALID")


def back(high, kernel):
    words = ("NCHW", "OIHW", "NCHW")
    return jax.lax.conv_transpose(high, kernel, (1, 1), "VALID", dimension_numbers=words, transpose_kernel=True)


def of_kernel(high, low, kernel):
    return jax.linear_transpose(lambda kernel: convolve(low, kernel), kernel)(high)[0]


def pool(low):
    return jax.lax.reduce_window(low, 0.0, jax.lax.add, (1, 1, 2, 2), (1, 1, 2, 2), "VALID") / 4


def unpool(high):
    return (high / 4).repeat(2, 2).repeat(2, 3)


def repeat(steps, step, state):
    return jax.lax.fori_loop(0, steps, lambda _, state: step(state), state)


def rules(repeat):
    return plain.rules(plain.Library(jnp, repeat, convolve, back, of_kernel, pool, unpool))


# On a processor a convolution takes ten times as long in a loop of the compiler's (JAX's issue 12868), so its steps are written out.
RULES = rules(repeat) | {"ep_convolutions": rules(plain.repeat)["ep_convolutions"]}


def train(case, arrays, data, target, count):
    """The parameters after `count` minibatches, seconds for all of them, and seconds of compilation, a first minibatch included."""
    step = jax.jit(after(RULES[case]))
    p, data, target = jax.device_put((arrays, list(data), list(target)))
    start = time.perf_counter()
    jax.block_until_ready(step(p, data[0], target[0]))
    between = time.perf_counter()
    for i in range(count):
        p = step(p, data[i % len(data)], target[i % len(data)])
    jax.block_until_ready(p)
    return p, time.perf_counter() - between, between - start
