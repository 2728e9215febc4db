"""The LightningModules that train populations."""
