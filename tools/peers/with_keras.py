"""The program of docs/coming-from-keras.md. Arguments: photographs in train|test/CLASS/, and a folder to write."""

import sys

import keras
import numpy as np
from keras import layers

folder, run = sys.argv[1:]
photo = f"{folder}/test/a/0.png"
# region data
train, validation = keras.utils.image_dataset_from_directory(
    f"{folder}/train", image_size=(64, 64), crop_to_aspect_ratio=True,
    batch_size=32, validation_split=0.1, subset="both", seed=1)
test = keras.utils.image_dataset_from_directory(
    f"{folder}/test", image_size=(64, 64), crop_to_aspect_ratio=True)
classes = train.class_names
augment = keras.Sequential([
    layers.RandomTranslation(4 / 64, 4 / 64, fill_mode="reflect"),
    layers.RandomFlip("horizontal")])
train = train.map(lambda x, y: (augment(x, training=True), y))
# endregion
# region network
model = keras.Sequential([
    keras.Input((64, 64, 3)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(16, 3, padding="same"), layers.BatchNormalization(),
    layers.ReLU(), layers.MaxPooling2D(),
    layers.Conv2D(32, 3, padding="same"), layers.BatchNormalization(),
    layers.ReLU(),
    layers.GlobalAveragePooling2D(), layers.Dropout(0.2),
    layers.Dense(len(classes)),
])
# endregion
# region recipe
rate = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=10 * len(train))
model.compile(
    optimizer=keras.optimizers.SGD(rate, momentum=0.9, weight_decay=5e-4),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"])
# endregion
# region callbacks
callbacks = [
    keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
    keras.callbacks.ModelCheckpoint(
        f"{run}/best.keras", monitor="val_accuracy", save_best_only=True),
    keras.callbacks.TensorBoard(f"{run}/tensorboard"),
    keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: print(logs["loss"])),
    keras.callbacks.BackupAndRestore(f"{run}/backup"),
]
# endregion
# region training
history = model.fit(
    train, validation_data=validation, epochs=10, callbacks=callbacks)
loss, accuracy = model.evaluate(test)
print(history.history["loss"][-1], accuracy)
# endregion
# region saving
model.save(f"{run}/model.keras")
loaded = keras.models.load_model(f"{run}/model.keras")
# endregion
# region prediction
image = keras.utils.load_img(photo, target_size=(64, 64), keep_aspect_ratio=True)
logits = loaded.predict(np.expand_dims(keras.utils.img_to_array(image), 0))
probabilities = keras.ops.softmax(logits)[0]
best = int(np.argmax(probabilities))
print(classes[best], float(probabilities[best]))
# endregion
# region export
loaded.export(f"{run}/export/1")  # SavedModel
loaded.export(f"{run}/model.onnx", format="onnx")
# endregion
