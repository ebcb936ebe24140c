"""Which back ends make the features too."""

from models.inference.choose import load_backend
from models.inference.torch_device import load
from models.inference.work import WholeBackend
from tests.models.inference.inputs import shipped


def test_torch_makes_the_features_and_onnx_runtime_does_not() -> None:
    checkpoint = shipped("canopy")
    assert isinstance(load(checkpoint, "cpu", "float32"), WholeBackend)
    assert not isinstance(load_backend(checkpoint, threads=1), WholeBackend)
