"""Arrays on their way to a device, here the CPU."""

import numpy as np
import torch

from models.inference.features.upload import Sender


def test_what_is_sent_arrives_and_none_stays_none() -> None:
    sender = Sender(torch.device("cpu"))
    shared = np.broadcast_to(np.arange(3, dtype=np.int32), (4, 3))  # must not be written to, as the days of a cube
    strided = np.arange(24, dtype=np.float32).reshape(4, 3, 2)[..., 1]
    sent = sender.send(shared, strided, None)
    sender.arrived(sent)
    days, values, absent = sent
    assert absent is None
    np.testing.assert_array_equal(days, shared)
    np.testing.assert_array_equal(values, strided)
