"""A convolutional network for sentences."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from compartments.lookup import look_up, unknown_name
from rate_bridge.networks.dense import HIDDEN_ACTIVATIONS, mlp


class TextCNN(nn.Module):
    """Kim's convolutional network for sentences (arXiv 1408.5882), as the DLL paper takes it.

    Input: embedded words ``(batch, length, n_embedding)``, or word numbers ``(batch, length)``
    where ``vocabulary`` is given.

    Parameters
    ----------
    n_embedding, classes, filters, widths
        Size of an embedded word, of the output, and the filters a width (100 of 3, 4 and 5).
    pooling : "max" or "avg"
        Over time. Kim takes the maximum, the released code the mean.
    hidden : sequence of int
        Hidden dense layers; Kim has none, the released code 512 and 128.
    dropout : float
        Before the dense layers; Kim's 0.5.
    vocabulary : int or None
        Number of words of an embedding inside the model, which learns unless frozen.
    activation : str
        Kim has "relu", the DLL paper "tanh".
    """

    def __init__(
        self,
        n_embedding: int = 300,
        classes: int = 2,
        filters: int = 100,
        widths: Sequence[int] = (3, 4, 5),
        pooling: str = "max",
        hidden: Sequence[int] = (),
        dropout: float = 0.5,
        vocabulary: int | None = None,
        activation: str = "tanh",
    ) -> None:
        super().__init__()
        if pooling not in ("max", "avg"):
            raise unknown_name("pooling", pooling, ("max", "avg"))
        make = look_up("activation", activation, HIDDEN_ACTIVATIONS)
        self.embedding = None if vocabulary is None else nn.Embedding(vocabulary, n_embedding)
        self.convs = nn.ModuleList(
            nn.Conv1d(n_embedding, filters, width, bias=False) for width in widths
        )
        self.activation = make()
        self.pooling = pooling
        sizes = (filters * len(widths), *hidden, classes)
        self.head = mlp(sizes, activation)
        self.dropout = nn.Dropout(dropout)
        self.widest = max(widths)

    def forward(
        self, words: Float[Tensor, "batch length n_embedding"] | Int[Tensor, "batch length"]
    ) -> Float[Tensor, "batch classes"]:
        """Logits."""
        if words.shape[1] < self.widest:
            raise ValueError(
                f"TextCNN: sentences of {words.shape[1]} words are shorter than the widest filter "
                f"({self.widest}); pad them, or take smaller widths."
            )
        u = words if self.embedding is None else self.embedding(words)
        u = u.transpose(1, 2)
        features = [self.activation(conv(u)) for conv in self.convs]
        pooled = [f.amax(2) if self.pooling == "max" else f.mean(2) for f in features]
        logits: Tensor = self.head(self.dropout(torch.cat(pooled, 1)))
        return logits
