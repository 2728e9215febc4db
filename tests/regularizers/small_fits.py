"""Small modules of several kinds, each a LightningModule that knows nothing of this package."""

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import BaseFinetuning
from torch import nn
from torch.utils.data import DataLoader

ROWS = torch.rand(32, 6, generator=torch.Generator().manual_seed(3))


class SaveAtEnd(pl.Callback):
    """Saves a checkpoint when the fit ends."""

    def __init__(self, path):
        self.path = path

    def on_train_end(self, trainer, _):
        trainer.save_checkpoint(self.path)


class Plain(pl.LightningModule):
    """Any network on rows; `penalty(outputs by layer name)` joins the loss, if there is one."""

    def __init__(self, network, optimizer="sgd", penalty=None, watched=()):
        super().__init__()
        self.network = network
        self.optimizer = optimizer
        self.penalty = penalty
        self.outputs = {}
        for name in watched:
            self.get_submodule(name).register_forward_hook(
                lambda _, __, output, name=name: self.outputs.__setitem__(name, output)
            )

    def training_step(self, batch, _):
        output = self.network(batch)
        loss = (output.flatten(1)[:, :1] - batch[:, :1]).square().sum() / len(batch)
        return loss if self.penalty is None else loss + self.penalty(self)

    def configure_optimizers(self):
        if self.optimizer == "momentum":
            return torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[self.optimizer]
        return kind(self.parameters(), lr=0.05)


class Tokens(nn.Module):
    """The rows as whole numbers: what embeddings take."""

    def forward(self, x):
        return (x * 5).long()


class First(nn.Module):
    """The first output of a layer that has several, called as attention and LSTMs are."""

    def __init__(self, layer, repeated=1):
        super().__init__()
        self.layer = layer
        self.repeated = repeated

    def forward(self, x):
        return self.layer(*[x] * self.repeated)[0]


def perceptron():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 1))


def trainer_for(callbacks=(), epochs=2, **options):
    settings = {
        "max_epochs": epochs,
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        **options,
    }
    return pl.Trainer(callbacks=list(callbacks), **settings)


def fitted(module, callbacks=(), epochs=2, batch_size=8, checkpoint=None, **options):
    trainer = trainer_for(callbacks, epochs, **options)
    trainer.fit(module, DataLoader(ROWS, batch_size=batch_size), ckpt_path=checkpoint)
    return module


def assert_same(module, reference, atol=1e-6):
    for (name, one), (_, other) in zip(
        module.named_parameters(), reference.named_parameters(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=atol, msg=lambda m, n=name: f"{n}: {m}")


class Unfreezing(BaseFinetuning):
    """Trains the first layer from the second epoch on."""

    def freeze_before_training(self, pl_module):
        self.freeze(pl_module.network[0])

    def finetune_function(self, pl_module, epoch, optimizer):
        if epoch == 1:
            self.unfreeze_and_add_param_group(pl_module.network[0], optimizer, lr=0.05)
