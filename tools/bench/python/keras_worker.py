"""Keras 3 on TensorFlow, with XLA where the argument jit says so."""

import os
import platform

import protocol

os.environ["KERAS_BACKEND"] = "tensorflow"

import batch
import keras
import numpy as np
import tensorflow as tf
from keras import layers


def network(width, classes=10):
    """ResNetCifar, and its layers by PyTorch's names."""
    named = {}

    def add(name, layer, x):
        named[name] = layer
        return layer(x)

    def conv(name, x, filters, kernel):
        return add(name, layers.Conv2D(filters, kernel, padding="same"), x)

    def norm(name, x):
        return add(name, layers.BatchNormalization(momentum=0.9, epsilon=1e-5), x)

    def residual(name, x, filters):
        main = conv(f"{name}.main.0", x, filters, 3)
        main = layers.ReLU()(norm(f"{name}.main.1", main))
        main = norm(f"{name}.main.4", conv(f"{name}.main.3", main, filters, 3))
        if x.shape[-1] != filters:
            x = norm(f"{name}.shortcut.1", conv(f"{name}.shortcut.0", x, filters, 1))
        return layers.ReLU()(layers.Add()([main, x]))

    def stage(name, x, filters):
        x = layers.MaxPooling2D(2)(residual(f"{name}.0", x, filters))
        return residual(f"{name}.2", x, filters)

    x = inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(norm("conv1.1", conv("conv1.0", x, width, 3)))
    x = residual("layer1.1", residual("layer1.0", x, width), width)
    x = stage("layer2", x, 2 * width)
    x = stage("layer3", x, 4 * width)
    x = stage("layer4", x, 8 * width)
    x = layers.GlobalAveragePooling2D()(x)
    logits = add("classifier.2", layers.Dense(classes, dtype="float32"), x)
    return keras.Model(inputs, logits), named


def load(named, file):
    from safetensors.numpy import load_file

    tensors = load_file(file)
    for name, layer in named.items():
        weight = tensors[f"{name}.weight"]
        if weight.ndim == 4:
            weight = weight.transpose(2, 3, 1, 0)
        elif weight.ndim == 2:
            weight = weight.T
        values = [weight, tensors[f"{name}.bias"]]
        if isinstance(layer, layers.BatchNormalization):
            values += [tensors[f"{name}.running_mean"], tensors[f"{name}.running_var"]]
        layer.set_weights(values)


def training(model, x, y, jit):
    optimizer = keras.optimizers.SGD(1e-3, momentum=0.9, weight_decay=5e-4)
    optimizer.build(model.trainable_variables)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function(jit_compile=jit)
    def step(images, labels):
        with tf.GradientTape() as tape:
            loss = cross_entropy(labels, model(images, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return lambda: step(x, y)


def inference(model, x, jit):
    @tf.function(jit_compile=jit)
    def step(images):
        return model(images, training=False)

    return lambda: step(x)


def main():
    arguments = protocol.arguments()
    keras.utils.set_random_seed(0)
    if arguments["precision"] == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    images, labels = batch.load(arguments["data"], arguments["batch"])
    x = tf.constant(images)
    y = tf.constant(labels)
    model, named = network(arguments["width"])
    if "weights" in arguments:
        load(named, arguments["weights"])
    jit = bool(arguments["jit"])
    if arguments["task"] == "train":
        step = training(model, x, y, jit)
        loss = float
    else:
        step = inference(model, x, jit)
        cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        loss = lambda logits: float(cross_entropy(y, logits))
    versions = {
        "Keras": keras.__version__,
        "TensorFlow": tf.__version__,
        "Python": platform.python_version(),
    }
    protocol.serve(step, np.asarray, loss, arguments["warm"], versions)


main()
