"""Two processes on the CPU, by gloo and MMEngine's DDP."""

import gc
import itertools
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel
from mmpose.models import TopdownPoseEstimator

from distilpose import FiniteLossHook, KeypointDistanceHook

from .. import toys

TERMS = tuple(toys.TERMS)


def student(terms=TERMS):
    """Deterministic, teacher and all; without BatchNorm's statistics."""
    terms = {term: toys.TERMS[term] for term in terms}
    model = toys.distilled(distillation=terms)
    torch.manual_seed(7)
    model.teacher.source.model  # noqa: B018  (builds it)
    return model.eval()


def gradients(model, inputs, data):
    losses = model(inputs, data, mode='loss')
    module = getattr(model, 'module', model)
    total, _ = module.parse_losses(losses)
    total.backward()
    found = {k: p.grad.clone() for k, p in module.named_parameters()}
    losses = {k: v.detach() for k, v in losses.items() if 'loss' in k}
    return losses, found


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    """What each function of ``WORK`` gave in each of the two processes."""
    folder = tmp_path_factory.mktemp('processes')
    mp.spawn(_process, args=(str(folder),), nprocs=2)
    return [torch.load(folder / f'{rank}.pt') for rank in range(2)]


def _process(rank, folder):
    torch.set_num_threads(1)
    where = f'file://{folder}/store'
    dist.init_process_group('gloo', where, rank=rank, world_size=2)
    found = {work.__name__: work(rank) for work in WORK}
    torch.save(found, f'{folder}/{rank}.pt')
    dist.destroy_process_group()


def half_of_the_batch(rank):
    model = student()
    inputs, data = toys.batch(model, size=4)
    half = slice(2 * rank, 2 * rank + 2)
    ddp = MMDistributedDataParallel(model, broadcast_buffers=False)
    return gradients(ddp, inputs[half], data[half])


def test_equal_to_one_process_on_the_joined_batch(found):
    """Losses and gradients, within 1e-5 of the largest value."""
    halves = [own['half_of_the_batch'] for own in found]
    model = student()
    losses, expected = gradients(model, *toys.batch(model, size=4))
    for name, value in losses.items():
        mean = sum(own[name] for own, _ in halves) / 2
        assert mean.item() == pytest.approx(value.item(), rel=1e-5)
    for rank in range(2):
        for name, gradient in expected.items():
            difference = (halves[rank][1][name] - gradient).abs().max()
            assert difference <= 1e-5 * gradient.abs().max() + 1e-12


def every_combination(rank):
    """Two steps each: DDP complains at the second of unused parameters."""
    trained = []
    for number in range(len(TERMS) + 1):
        for terms in itertools.combinations(TERMS, number):
            model = student(terms).train()
            ddp = MMDistributedDataParallel(
                model, broadcast_buffers=False, find_unused_parameters=False
            )
            for step in range(2):
                inputs, data = toys.batch(model, seed=2 * step + rank)
                _, found = gradients(ddp, inputs, data)
            assert all(torch.isfinite(g).all() for g in found.values())
            trained.append(terms)
    return trained


def test_every_combination_of_terms_uses_every_parameter(found):
    done = [own['every_combination'] for own in found]
    assert len(done[0]) == len({*done[0]}) == 16 and done[0] == done[1]


def where_the_teacher_is(rank):
    """The teachers differ here, so that a broadcast would show."""
    model = student()
    teacher = [*model.teacher.source.model.parameters()]
    for parameter in teacher:
        parameter.data.fill_(rank + 1)
    ddp = MMDistributedDataParallel(model, broadcast_buffers=True)
    inputs, data = toys.batch(model)
    gradients(ddp, inputs, data)
    logged = ddp._get_ddp_logging_data()
    gc.collect()  # a copy of the teacher may lie in a cycle
    estimators = [
        x for x in gc.get_objects() if isinstance(x, TopdownPoseEstimator)
    ]
    return dict(
        values={p.data.max().item() for p in teacher},
        in_buckets=logged['total_parameter_size_bytes'],
        student=4 * sum(p.numel() for p in model.parameters()),
        estimators=len(estimators),
        gradients=any(p.grad is not None for p in teacher),
    )


def test_teacher_is_on_every_rank_and_in_no_bucket(found):
    for rank in range(2):
        own = found[rank]['where_the_teacher_is']
        assert own['values'] == {rank + 1}, 'broadcast'
        assert own['in_buckets'] == own['student']
        assert own['estimators'] == 2, 'one student, one teacher in memory'
        assert not own['gradients']


def message_of(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return 'nothing'


def faults_of_the_second(rank):
    """What each process says and logs, where the second has a fault."""
    model, logged = student(), {}
    runner = SimpleNamespace(
        model=MMDistributedDataParallel(model), iter=0, epoch=0,
        optim_wrapper=None, work_dir='nowhere', train_loop=None,
        logger=MMLogger.get_current_instance(),
        visualizer=SimpleNamespace(
            add_scalars=lambda scalars, step: logged.update(scalars)
        ),
    )  # fmt: skip
    distances = KeypointDistanceHook()
    model.keypoint_distances = torch.tensor([[1.0, torch.nan], [1.0, 4.0]])
    if rank == 1:
        model.keypoint_distances = torch.tensor([[4.0, torch.nan]])
        model.teacher.source.model.head.mlp[-1].bias.data[0] = torch.nan
    distances.after_train_iter(runner, 0)
    distances.before_val_epoch(runner)
    first_batch = message_of(gradients, runner.model, *toys.batch(model))
    model.head.mlp[-1].bias.data[0] = torch.nan
    outputs = dict(loss=torch.tensor(torch.nan if rank == 1 else 1.0))
    step = message_of(
        FiniteLossHook().after_train_iter, runner, 0, outputs=outputs
    )
    return dict(distances=logged, first_batch=first_batch, step=step)


def test_all_end_and_log_together(found):
    """Else the first would wait for the second, or log its share alone."""
    first, second = (own['faults_of_the_second'] for own in found)
    for own in (first, second):
        assert own['distances'] == {
            'teacher/distance_px/keypoint 0': 2,
            'teacher/distance_px/keypoint 1': 4,
        }
        told = "teacher's heatmaps for the first batch hold NaN"
        assert told in own['first_batch']
    assert first['first_batch'].startswith('UserRuntimeError: In process 1: ')
    assert second['first_batch'].startswith('UserValueError: The teacher')
    assert ' losses of another process are NaN' in first['step']
    assert ' loss are NaN or infinite, and so are weights' in second['step']


# The one that counts models in memory comes first.
WORK = (
    where_the_teacher_is,
    half_of_the_batch,
    every_combination,
    faults_of_the_second,
)
