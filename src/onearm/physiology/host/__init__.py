"""The drug in its host: the model, its parameters, and courses of patients."""
