"""Algorithm 1: backprop when Theta := W, every rule against a loop over samples, bookkeeping."""

import numpy as np
import pytest
import torch

from compartments import ACTIVATIONS
from compartments.plasticity import THETA_RULES
from models import DLLOptions, Schedule, dll_network, dll_weights
from rate_bridge.ode_engine.activations import torch_activation
from rate_bridge.references import algorithm1

SIZES = (5, 4, 3, 2)
LOSSES = tuple(algorithm1.LOSSES)
# 1e3 stands for a drive that no weights of order 1 reach
DRIVES = torch.cat([torch.linspace(-6, 6, 97), torch.tensor([-1e3, -40.0, 40.0, 1e3])]).double()

# numpy's forms, each written here a second time, from their textbook definitions
NAIVE = {
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "logistic": (
        lambda z: 1 / (1 + np.exp(-z)),
        lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    ),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "linear": (lambda z: z, np.ones_like),
    "soft-rectifier": (
        lambda z: 0.1 * np.log(1 + np.exp(z - 3)),
        lambda z: 0.1 / (1 + np.exp(3 - z)),
    ),
}
# drives of order 1 do not lift the soft rectifier to where it has a slope to learn by
STEEP = [name for name in ACTIVATIONS if name != "soft-rectifier"]


def random_weights(sizes, bias, seed=3):
    """Weights with biases that are not zero."""
    weights = dll_weights(sizes, seed, bias=bias)
    generator = np.random.default_rng(seed)
    biases = {n: generator.normal(0, 0.3, a.shape) for n, a in weights.items() if n[0] == "b"}
    return weights.with_arrays(**biases)


def network_of(sizes=SIZES, *, bias=False, **options):
    return dll_network(sizes, DLLOptions(bias=bias, **options), weights=random_weights(sizes, bias))


def samples(count, sizes=SIZES, seed=5):
    generator = np.random.default_rng(seed)
    targets = generator.random((count, sizes[-1]))
    # cross-entropy's delta is the gradient where targets sum to 1
    return generator.normal(size=(count, sizes[0])), targets / targets.sum(1, keepdims=True)


def named(inputs, targets):
    return {"stimulus": inputs, "target": targets}


def tensors(discrete, network):
    return {name: discrete.tensor(array) for name, array in network.weights.items()}


def step_of(network, inputs, targets, *, loss="mse", dtype=torch.float64, shown=1.0):
    discrete = algorithm1.Algorithm1(network, loss, dtype)
    changes = discrete.change(
        tensors(discrete, network),
        {
            "stimulus": discrete.tensor(inputs),
            "target": discrete.tensor(targets),
            "target_on": shown,
        },
    )
    return {name: change.numpy() for name, change in changes.items()}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_matches_its_definition(name):
    moderate = DRIVES[DRIVES.abs() <= 6].numpy()
    f = torch_activation(ACTIVATIONS[name])
    for mine, other in zip(f, NAIVE[name], strict=True):
        # a few roundings of numbers up to 6
        assert np.abs(mine(torch.tensor(moderate)).numpy() - other(moderate)).max() < 1e-14


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_autograds(name):
    f = torch_activation(ACTIVATIONS[name])
    z = DRIVES.clone().requires_grad_()
    (slope,) = torch.autograd.grad(f.function(z).sum(), z)
    # both soft rectifiers are written with |z - threshold|: autograd takes sign(0) = 0
    kinks = (z.detach() - {"soft-rectifier": 3.0}.get(name, 0.0)).abs() < 1e-12
    gap = (slope - f.derivative(z)).detach()[~kinks].abs().max()
    assert gap < 1e-14  # the same few operations, in another order


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_the_difference_quotients_limit(name):
    f = torch_activation(ACTIVATIONS[name])
    z, h = DRIVES[DRIVES.abs() <= 6], 1e-5
    quotient = (f.function(z + h) - f.function(z - h)) / (2 * h)
    # truncation h^2 |f'''| / 6 < 4e-11; rounding 6 eps / h < 2e-10
    assert (quotient - f.derivative(z)).abs().max() < 3e-10


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_drives_stay_finite(name, dtype):
    z = torch.tensor([-1e30, -1e3, 0.0, 1e3, 1e30], dtype=dtype)
    for function in torch_activation(ACTIVATIONS[name]):
        assert torch.isfinite(function(z)).all()
        assert function(z).dtype is dtype


def autograd_changes(network, inputs, targets, loss):
    """-eta times the gradient of the mean loss, Theta := W, by an independent forward pass."""
    o, depth = network.options, len(network.sizes) - 1
    named = {
        n: torch.tensor(a, requires_grad=True)
        for n, a in network.weights.items()
        if not n.startswith("theta")
    }
    u = torch.tensor(inputs)
    for i in range(depth):
        drive = u @ named[f"W{i}"].T + (named[f"b{i}"][:, 0] if o.bias else 0)
        u = {
            "tanh": torch.tanh,
            "logistic": torch.sigmoid,
            "softplus": torch.nn.functional.softplus,
            "linear": torch.clone,
        }[network.activations[i].name](drive)
    goal = torch.tensor(targets)
    if loss == "mse":
        total = ((goal - u) ** 2).sum(1).mean() / 2
    else:
        total = torch.nn.functional.cross_entropy(drive, goal)
    gradients = torch.autograd.grad(total, list(named.values()))
    return {n: -o.eta_W * g.numpy() for n, g in zip(named, gradients, strict=True)}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", STEEP)
@pytest.mark.parametrize("hidden", STEEP)
def test_theta_equal_to_W_is_backprop(hidden, output, loss, bias):
    network = network_of(activation=hidden, output_activation=output, bias=bias, eta_W=1.0)
    w = network.weights
    network = network.with_weights(w.with_arrays(theta1=w["W1"], theta2=w["W2"]))
    inputs, targets = samples(7)
    found = step_of(network, inputs, targets, loss=loss)
    expected = autograd_changes(network, inputs, targets, loss)
    for name, change in expected.items():
        # products of at most 5 numbers of order 1, summed over 7 samples: far below 1e-12
        np.testing.assert_allclose(found[name], change, rtol=0, atol=1e-12, err_msg=name)
        assert np.abs(change).max() > 1e-4, "nothing to compare"


def naive_step(network, inputs, targets, loss, nudge):
    """theory.md 5 for one sample at a time, in loops over layers, with numpy."""
    w, o, depth = network.weights, network.options, len(network.sizes) - 1
    total = {name: np.zeros_like(array) for name, array in w.items()}
    for s, t in zip(inputs, targets, strict=True):
        u, z = [s], [None]
        for i in range(depth):
            drive = w[f"W{i}"] @ u[i] + (w[f"b{i}"][:, 0] if o.bias else 0)
            z.append(drive)
            u.append(NAIVE[network.activations[i].name][0](drive))
        slope = [None] + [NAIVE[network.activations[i].name][1](z[i + 1]) for i in range(depth)]
        error, delta = [None] * (depth + 1), [None] * (depth + 1)
        if loss == "mse":
            error[depth] = nudge * (t - u[depth])
            delta[depth] = error[depth] * slope[depth]
        else:
            p = np.exp(z[depth]) / np.exp(z[depth]).sum()
            error[depth] = delta[depth] = nudge * (t - p)
        for i in range(depth - 1, 0, -1):
            error[i] = w[f"theta{i}"].T @ delta[i + 1]
            delta[i] = error[i] * slope[i]
        decay = o.decay if o.theta_rule == "kp" else 0
        for i in range(depth):
            total[f"W{i}"] += o.eta_W * (np.outer(delta[i + 1], u[i]) - decay * w[f"W{i}"])
            if o.bias:
                total[f"b{i}"][:, 0] += o.eta_W * (delta[i + 1] - decay * w[f"b{i}"][:, 0])
        for i in range(1, depth):
            plain = o.eta_theta * np.outer(delta[i + 1], error[i])
            total[f"theta{i}"] += {
                "minus": -plain,
                "plus": plain,
                "fixed": 0 * plain,
                "kp": o.eta_theta * (np.outer(delta[i + 1], u[i]) - decay * w[f"theta{i}"]),
            }[o.theta_rule]
    return {name: change / len(inputs) for name, change in total.items()}


@pytest.mark.parametrize("rule", THETA_RULES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("beta", "bias"), [(None, False), (0.5, True)])
def test_every_rule_against_a_loop(rule, loss, beta, bias):
    network = network_of(theta_rule=rule, beta=beta, bias=bias, eta_W=0.3, eta_theta=0.7, decay=0.1)
    inputs, targets = samples(6)
    found = step_of(network, inputs, targets, loss=loss)
    nudge = 1.0 if beta is None else beta / (1 + beta)
    for name, change in naive_step(network, inputs, targets, loss, nudge).items():
        if rule == "fixed" and name.startswith("theta"):
            assert name not in found
        else:  # rounding only
            np.testing.assert_allclose(found[name], change, rtol=0, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_against_a_loop(name):
    network = network_of(activation=name, output_activation=name, eta_W=0.3, eta_theta=0.7)
    inputs, targets = samples(6)
    found = step_of(network, inputs, targets)
    for weight, change in naive_step(network, inputs, targets, "mse", 1.0).items():
        np.testing.assert_allclose(found[weight], change, rtol=0, atol=1e-13)  # rounding only


@pytest.mark.parametrize("rule", THETA_RULES)
def test_batch_is_the_mean_of_single_steps(rule):
    network = network_of(theta_rule=rule, bias=True, eta_theta=0.5)
    inputs, targets = samples(5)
    together = step_of(network, inputs, targets)
    single = [step_of(network, inputs[k : k + 1], targets[k : k + 1]) for k in range(5)]
    for name, change in together.items():
        mean = sum(item[name] for item in single) / 5
        np.testing.assert_allclose(change, mean, rtol=0, atol=1e-15)  # order of five additions


@pytest.mark.parametrize("rule", THETA_RULES)
@pytest.mark.parametrize("loss", LOSSES)
def test_float32_is_close(rule, loss):
    network = network_of(theta_rule=rule, eta_W=1.0, eta_theta=1.0)
    inputs, targets = samples(5)
    double = step_of(network, inputs, targets, loss=loss)
    single = step_of(network, inputs, targets, loss=loss, dtype=torch.float32)
    for name, change in double.items():
        assert single[name].dtype == np.float32
        # about 30 operations, each rounded by 6e-8 of numbers of order 1
        np.testing.assert_allclose(single[name], change, rtol=0, atol=2e-6)


def test_a_hidden_target_changes_nothing():
    network = network_of()
    inputs, targets = samples(2)
    shown = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    both = step_of(network, inputs, targets, shown=shown)
    first = step_of(network, inputs[:1], targets[:1])
    for name in both:  # the mean over two, one of which is zero
        np.testing.assert_allclose(both[name], first[name] / 2, rtol=1e-14)


def test_theta_never_reaches_the_input():
    assert set(step_of(network_of(), *samples(1))) == {"W0", "W1", "W2", "theta1", "theta2"}


@pytest.mark.parametrize("batch", [1, 2, 3, 10])
def test_learn_takes_one_step_a_batch(batch):
    network = network_of(eta_W=0.2, eta_theta=0.1)
    inputs, targets = samples(7)
    expected = {name: array.copy() for name, array in network.weights.items()}
    for start in range(0, 7, batch):
        current = network.with_weights(network.weights.with_arrays(**expected))
        rows = slice(start, start + batch)
        for name, change in step_of(current, inputs[rows], targets[rows]).items():
            expected[name] = expected[name] + change
    before = network.weights.hash
    learned = algorithm1.Algorithm1(network).learn(Schedule(named(inputs, targets)), batch=batch)
    assert network.weights.hash == before
    for name, array in expected.items():  # the same operations
        np.testing.assert_allclose(learned[name], array, rtol=0, atol=1e-15)


def test_learn_shows_weights_before_each_step_and_reports_progress():
    network = network_of()
    seen, fractions = [], []
    algorithm1.Algorithm1(network).learn(
        Schedule(named(*samples(4))),
        visit=lambda k, w: seen.append((k, w["W0"].numpy().copy())),
        progress=fractions.append,
    )
    assert [k for k, _ in seen] == [0, 1, 2, 3]
    np.testing.assert_array_equal(seen[0][1], network.weights["W0"])
    assert not np.array_equal(seen[1][1], seen[0][1])
    assert fractions[0] == 0


def test_learn_leaves_hidden_targets_out():
    network = network_of()
    inputs, targets = samples(4)
    shown = np.array([True, False, True, False])
    some = algorithm1.Algorithm1(network).learn(
        Schedule(named(inputs, targets), shown={"target": shown})
    )
    only = algorithm1.Algorithm1(network).learn(Schedule(named(inputs[shown], targets[shown])))
    assert some == only


def test_divergence_is_named():
    network = network_of(activation="linear", eta_W=1e3)
    with pytest.raises(FloatingPointError, match=r"W\d is not finite by presentation \d+"):
        algorithm1.Algorithm1(network).learn(Schedule(named(*samples(100))))


def test_learn_needs_targets():
    inputs, _ = samples(2)
    with pytest.raises(ValueError, match="needs the signal 'target'"):
        algorithm1.Algorithm1(network_of()).learn(Schedule({"stimulus": inputs}))


@pytest.mark.usefixtures("unchecked_shapes")
def test_shapes_that_do_not_fit_are_named():
    network, (inputs, targets) = network_of(), samples(3)
    discrete = algorithm1.Algorithm1(network)
    narrow = r"stimulus must have shape \(batch, 5\), got \(3, 4\)"
    with pytest.raises(ValueError, match="stimulus has 4 units, but population 'input' has 5"):
        algorithm1.Algorithm1(network).learn(Schedule(named(inputs[:, :4], targets)))
    with pytest.raises(ValueError, match=narrow):
        discrete.outputs({"stimulus": inputs[:, :4]}, network.weights)
    with pytest.raises(ValueError, match=narrow):
        discrete.change(
            discrete.tensors(network.weights),
            {"stimulus": torch.ones(3, 4), "target": torch.ones(3, 2)},
        )
    with pytest.raises(ValueError, match=narrow):
        algorithm1.Algorithm1(network).equilibrium({"stimulus": inputs[:, :4]})
    with pytest.raises(
        ValueError, match=r"stimulus must have shape \(batch, n_in\), got shape \(5,\)"
    ):
        algorithm1.Algorithm1(network).equilibrium({"stimulus": inputs[0]})
    with pytest.raises(ValueError, match=r"target must have shape \(1, 2\), got \(1, 1\)"):
        algorithm1.Algorithm1(network).learn(Schedule(named(inputs, targets[:, :1])))
    with pytest.raises(ValueError, match=r"target must have shape \(3, 2\), got \(1, 2\)"):
        algorithm1.Algorithm1(network).equilibrium({"stimulus": inputs, "target": targets[:1]})


def test_weights_of_another_network_are_named():
    inputs, _ = samples(1)
    other = network_of(bias=True).weights
    with pytest.raises(ValueError, match="Algorithm 1: these weights belong to another network"):
        algorithm1.Algorithm1(network_of()).equilibrium({"stimulus": inputs}, other)
    with pytest.raises(TypeError, match="Algorithm 1: weights must be a WeightBundle, got dict"):
        algorithm1.Algorithm1(network_of()).outputs({"stimulus": inputs}, dict(other))


def test_unknown_names_get_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown loss 'mes'. Did you mean 'mse'\?"):
        algorithm1.Algorithm1(network_of(), "mes")
    p = algorithm1.Parameters([torch.ones(2, 2)], [])
    f = [torch_activation(ACTIVATIONS["tanh"])]
    activity = algorithm1.forward(p, torch.ones(1, 2), f)
    errors = algorithm1.local_errors(p, activity, torch.ones(1, 2), f)
    with pytest.raises(ValueError, match=r"Unknown theta_rule 'mius'. Did you mean 'minus'\?"):
        algorithm1.updates(p, activity, errors, theta_rule="mius", eta_W=1, eta_theta=1)


def test_equilibrium_is_the_four_steps_result():
    network = network_of(beta=0.5)
    inputs, targets = samples(3)
    rest = algorithm1.Algorithm1(network).equilibrium({"stimulus": inputs, "target": targets})
    w = network.weights
    u1 = np.tanh(inputs @ w["W0"].T)
    u2 = np.tanh(u1 @ w["W1"].T)
    top = (targets - u2 @ w["W2"].T) / 3  # lambda = 0.5 / 1.5
    a2 = top @ w["theta2"]
    np.testing.assert_allclose(rest["a", "hidden2"], a2, rtol=0, atol=1e-15)
    np.testing.assert_allclose(rest["x", "hidden2"], u2 + a2, rtol=0, atol=1e-15)
    np.testing.assert_allclose(rest["error", "output"], top, rtol=0, atol=1e-15)
    silent = algorithm1.Algorithm1(network).equilibrium({"stimulus": inputs})
    assert not any(silent["error", layer].any() for layer in network.layers[1:])


def test_outputs_are_u_of_the_last_layer():
    network = network_of(output_activation="tanh")
    inputs, _ = samples(3)
    rest = algorithm1.Algorithm1(network).equilibrium({"stimulus": inputs})["u", "output"]
    found = algorithm1.Algorithm1(network).outputs({"stimulus": inputs}, network.weights)
    np.testing.assert_array_equal(found, rest)
    drive = algorithm1.Algorithm1(network, "cross_entropy").outputs(
        {"stimulus": inputs}, network.weights
    )
    np.testing.assert_allclose(np.tanh(drive), rest, rtol=1e-14)


class TestThetaRule:
    """theory.md 4: what each rule does to Theta at the fixed point, and over learning."""

    def test_minus_never_lets_theta_grow(self):
        network = network_of(eta_W=0.05, eta_theta=0.2)
        norms = []
        algorithm1.Algorithm1(network).learn(
            Schedule(named(*samples(200))),
            visit=lambda k, w: norms.append(
                float(w["theta1"].norm()),
            ),
        )
        # a step multiplies Theta by I - eta delta delta^T: a contraction while eta |delta|^2 < 2
        assert np.all(np.diff(norms) <= 1e-15)
        assert norms[-1] < 0.99 * norms[0]

    def test_plus_lets_theta_grow_monotonously(self):
        network = network_of(theta_rule="plus", eta_W=0.0, eta_theta=0.02)
        norms = []
        algorithm1.Algorithm1(network).learn(
            Schedule(named(*samples(100))),
            visit=lambda k, w: norms.append(float(w["theta1"].norm())),
        )
        assert np.all(np.diff(norms) >= -1e-15)
        assert norms[-1] > 1.01 * norms[0]

    def test_minus_is_selective_shrinkage(self):
        """Theta moves by -eta delta delta^T Theta: nothing orthogonal to delta changes."""
        network = network_of(eta_theta=0.3)
        inputs, targets = samples(1)
        delta = algorithm1.Algorithm1(network).equilibrium({"stimulus": inputs, "target": targets})[
            "delta", "output"
        ][0]
        theta = network.weights["theta2"]
        found = step_of(network, inputs, targets)["theta2"]
        np.testing.assert_allclose(found, -0.3 * np.outer(delta, delta) @ theta, atol=1e-15)

    def test_kp_shrinks_the_gap_at_its_decay(self):
        """Akrout et al. 2019: at equal rates W - Theta shrinks by 1 - eta decay a step, exactly."""
        network = network_of(theta_rule="kp", eta_W=0.1, eta_theta=0.1, decay=0.3)
        gaps = []
        algorithm1.Algorithm1(network).learn(
            Schedule(named(*samples(60))),
            visit=lambda k, w: gaps.append((w["W1"] - w["theta1"]).numpy().copy()),
        )
        for k, gap in enumerate(gaps):  # 60 steps of rounding
            np.testing.assert_allclose(gap, 0.97**k * gaps[0], rtol=0, atol=1e-13)

    def test_the_gap_does_not_close_if_only_theta_decays(self):
        """Why W decays too: Theta += eta delta u^T - decay Theta alone gives gap += decay Theta.

        With one hidden unit's weights and no error left, W stays and Theta -> 0, so the gap tends
        to W, not to 0.
        """
        network = network_of(theta_rule="kp", eta_W=0.1, eta_theta=0.1, decay=0.3)
        discrete = algorithm1.Algorithm1(network)
        weights = tensors(discrete, network)
        weights["theta1"] = weights["W1"].clone()  # start where the gap is closed
        inputs, targets = map(discrete.tensor, samples(1))
        for _ in range(2000):
            changes = discrete.change(weights, {"stimulus": inputs, "target": targets})
            for name, change in changes.items():
                undone = 0.03 * weights[name] if name.startswith("W") else 0.0
                weights[name] = weights[name] + change + undone
        gap = (weights["W1"] - weights["theta1"]).norm() / weights["W1"].norm()
        assert gap > 0.5
        with_both = network.with_weights(network.weights.with_arrays(theta1=network.weights["W1"]))
        one = Schedule(named(*(np.repeat(part, 2000, 0) for part in samples(1))))
        learned = algorithm1.Algorithm1(with_both).learn(one)
        assert np.abs(learned["W1"] - learned["theta1"]).max() < 1e-13  # stays closed


def test_a_batch_of_nothing_and_a_device_that_is_not_there_are_refused():
    network = dll_network((3, 2))
    schedule = Schedule(named(np.ones((2, 3)), np.ones((2, 2))))
    with pytest.raises(ValueError, match="batch must be a whole number of 1 or more"):
        algorithm1.Algorithm1(network).learn(schedule, batch=0)
    with pytest.raises(ValueError, match="Unknown device 'gpu'"):
        algorithm1.Algorithm1(network, device="gpu").learn(schedule)
